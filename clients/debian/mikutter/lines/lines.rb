# frozen_string_literal: true

# A plugin of mikutter that has its plugin bitly called: calls come in as JSON
# lines, {id, as, method, params}, and go out as {id, result} or {id, error}, as
# those of ../../../node/lines.js. expand_url is what plugins ask for when they
# show a message: long URLs for short ones.

require 'json'
require 'net/http' # which other plugins of mikutter load, and bitly takes for granted

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
