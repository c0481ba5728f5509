-- Visits for wrk: the next link with the next visitor. The arguments are a file of numbers of links, one
-- of headers, and the host.
local paths, visitors, host = {}, {}, ""
local path, visitor = 0, 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = tonumber(line) end
  for line in io.lines(args[2]) do visitors[#visitors + 1] = " HTTP/1.1\r\nHost: " .. args[3] .. "\r\n" .. line:gsub("|", "\r\n") .. "\r\n" end
  if #paths == 1 then
    local same = "GET /L" .. paths[1] .. visitors[1]
    request = function() return same end
  end
end

function request()
  path, visitor = path % #paths + 1, visitor % #visitors + 1
  return "GET /L" .. paths[path] .. visitors[visitor]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\nresult {"requests":%d,"errors":%d,"nanoseconds":%d,"p50":%.3f,"p99":%.3f}\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, summary.duration * 1000, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
