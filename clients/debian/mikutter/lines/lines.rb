# frozen_string_literal: true

# A plugin for mikutter that calls mikutter's plugin bitly. It reads calls as JSON
# lines, {id, as, method, params}, and answers each with {id, result} or
# {id, error}, as ../../../node/lines.js does. The only method is expand_url, a
# filter that returns long URLs for short ones. mikutter uses it to show messages.

require 'json'
require 'net/http' # the plugin bitly uses it, and relies on other plugins to load it

answers = $stdout.dup
$stdout.reopen($stderr)

Plugin.create(:lines) do
  Thread.new do
    $stdin.each_line do |line|
      call = JSON.parse(line)
      UserConfig[:bitly_user], UserConfig[:bitly_apikey] = call['as']&.values_at('login', 'apiKey')
      answer =
        begin
          { result: call['method'] ? Plugin.filtering(call['method'], *call['params']).first : ['expand_url'] }
        rescue StandardError => e
          { error: { message: "#{e.class}: #{e.message}" } }
        end
      answers.puts(answer.merge(id: call['id']).to_json)
      answers.flush
    end
    exit!(true)
  end
end
