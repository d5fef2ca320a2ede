-- Requests to /count for wrk: 1,000 paths, 50 user agents, an address for each of 262,144 requests in turn.
-- Path, agent and address together come again after 32 million requests only, so each is a first visit.
-- Arguments: the Host to ask for (or -), the first number of the addresses, how many requests came before,
-- milliseconds to wait before each request (or 0).
local host, block, number, pause
local heads, agents = {}, {}

function init(args)
   host, block, number, pause = args[1], args[2], tonumber(args[3]), tonumber(args[4])
   if host == "-" then host = wrk.host .. ":" .. wrk.port end
   for n = 0, 49 do
      local version = 90 + n
      agents[n] = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:" .. version .. ".0) Gecko/20100101 Firefox/" .. version .. ".0\r\n"
   end
   for n = 0, 999 do
      heads[n] = "GET /count?p=%2Farticles%2F" .. n .. "&t=Article%20number%20" .. n .. "&r=https%3A%2F%2Fexample.org%2F" .. n % 200
         .. "&s=1920%2C1080%2C1 HTTP/1.1\r\nHost: " .. host .. "\r\nConnection: keep-alive\r\nAccept-Language: en-US,en;q=0.5\r\n"
   end
   if pause == 0 then delay = nil end
end

function delay()
   return pause
end

function request()
   number = number + 1
   local n = number % 262144
   local address = block .. "." .. math.floor(n / 65536) + 4 .. "." .. math.floor(n / 256) % 256 .. "." .. n % 256
   return heads[number % 1000] .. agents[n % 50] .. "X-Forwarded-For: " .. address .. "\r\n\r\n"
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\nRESULT {"requests": %d, "seconds": %f, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
