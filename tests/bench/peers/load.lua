-- wrk's requests: one text, another customer each time. BODY_HEAD, BODY_ONE, BODY_MANY, BODY_EACH, COUNT, URL_PATH, HEADERS,
-- SEED and TURN_SECONDS come from the environment. Behind these seconds nothing new is sent: all that was asked is answered.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds, nanoseconds; } moment;
  int clock_gettime(int clock, moment *at);
]]

local CUSTOMERS, STRIDE, MONOTONIC = 900000, 7, 1
local head, one = os.getenv("BODY_HEAD"), os.getenv("BODY_ONE")
local many, each = os.getenv("BODY_MANY"), os.getenv("BODY_EACH")
local count, seconds = tonumber(os.getenv("COUNT")), tonumber(os.getenv("TURN_SECONDS"))
local customer, path = tonumber(os.getenv("SEED")), os.getenv("URL_PATH")
local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json" }
for name, value in os.getenv("HEADERS"):gmatch("([^:\n]+): ([^\n]+)") do headers[name] = value end

local function now()
  local at = ffi.new("moment")
  ffi.C.clock_gettime(MONOTONIC, at)
  return tonumber(at.seconds) + tonumber(at.nanoseconds) / 1e9
end

local function variables()
  -- no customer of one request is one of the next: who merges requests would be asked for fewer than others
  customer = (customer + count * STRIDE) % (CUSTOMERS - count * STRIDE) + 1
  if count == 0 then return "" end
  if many == "" then return one:format(customer) end
  local list = {}
  for place = 1, count do list[place] = each:format(customer + (place - 1) * STRIDE) end
  return (many:gsub("LIST", function() return table.concat(list, ",") end))
end

local ends, threads = nil, {}
sent = -1 -- wrk makes one request to look at it

function setup(thread)
  table.insert(threads, thread)
end

function request()
  ends = ends or now() + seconds
  sent = sent + 1
  return wrk.format("POST", path, headers, head .. variables() .. "}")
end

function delay()
  return ends and now() > ends and 3600000 or 0
end

function done(summary, latency)
  local asked = 0
  for _, thread in ipairs(threads) do asked = asked + thread:get("sent") end
  io.stderr:write(string.format(
    '{"requests":%d,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\n', summary.requests,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + asked - summary.requests))
end
