-- wrk's requests: one text, another customer each time. BODY_HEAD, BODY_ONE, BODY_MANY, BODY_EACH, URL_PATH, HEADERS, SEED,
-- SECONDS come from the environment. Behind SECONDS nothing new is sent, so that everything asked is answered and counted.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds, nanoseconds; } moment;
  int clock_gettime(int clock, moment *at);
]]

local CUSTOMERS, STRIDE, MONOTONIC = 900000, 7, 1
local head, one = os.getenv("BODY_HEAD"), os.getenv("BODY_ONE")
local many, each = os.getenv("BODY_MANY"), os.getenv("BODY_EACH")
local count, seconds = tonumber(os.getenv("COUNT")), tonumber(os.getenv("SECONDS"))
local customer, path = tonumber(os.getenv("SEED")), os.getenv("URL_PATH")
local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json" }
for name, value in os.getenv("HEADERS"):gmatch("([^:\n]+): ([^\n]+)") do headers[name] = value end

local function now()
  local at = ffi.new("moment")
  ffi.C.clock_gettime(MONOTONIC, at)
  return tonumber(at.seconds) + tonumber(at.nanoseconds) / 1e9
end

local function variables()
  customer = customer % (CUSTOMERS - count * STRIDE) + 1
  if count == 0 then return "" end
  if many == "" then return one:format(customer) end
  local list = {}
  for place = 1, count do list[place] = each:format(customer + (place - 1) * STRIDE) end
  return (many:gsub("LIST", function() return table.concat(list, ",") end))
end

local ends

function request()
  ends = ends or now() + seconds
  return wrk.format("POST", path, headers, head .. variables() .. "}")
end

function delay()
  return ends and now() > ends and 3600000 or 0
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\n', summary.requests,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
