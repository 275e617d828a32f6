package io.earshot.redis.feed;

import io.earshot.redis.connection.Script;
import io.earshot.redis.say.FeedLua;
import java.util.List;

/**
 * The scripts of the feed; {@link FeedLua} says what is in Redis. Each has one key, the stream of a
 * part.
 *
 * <p>The field of a consumer has the position up to which its events are dealt with, how many were
 * dropped before that, when a server last asked for it, when its lease ends, and the server that
 * has the lease; all times are those of Redis.
 */
final class FeedScripts {
  private static final String NOW =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      """;

  /** Adds events. Arguments: how many bytes of events may wait, and the events. */
  static final Script ADD =
      Script.of(
          NOW
              + FeedLua.TEXT
              + """
              local events = feed()
              local done, why
              for i = 2, #ARGV do
                done, why = pcall(events.append, KEYS[1], ARGV[1], #ARGV[i], 'v', ARGV[i])
                if not done then break end
              end
              events.settle()
              if not done then return redis.error_reply(type(why) == 'table' and why.err or why) end
              return {'done'}
              """);

  /**
   * Takes or renews a lease, changes the position, and reads. Arguments: the consumer, the server,
   * how long the lease is, the position up to which the events are dealt with or nothing, the
   * largest number of events and of their bytes, and the number of the last event that this server
   * has read, or nothing if it has never asked for this consumer.
   *
   * <p>The answer: whether the server has the lease, how many events wait, how many were dropped,
   * and the events, each with its id, its age and its fields.
   */
  static final Script NEXT =
      Script.of(
          NOW
              + """
              local stream, state, name, owner = KEYS[1], KEYS[1] .. ':state', ARGV[1], ARGV[2]
              local lease, dealt, most, bytes = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]),
                tonumber(ARGV[6])
              local given = tonumber(ARGV[7])

              local function parsed(id)
                local ms, number = string.match(id, '^(%d+)%-(%d+)$')
                return ms and {ms = tonumber(ms), number = tonumber(number)}
              end

              local function text(ms, number) return string.format('%d-%d', ms, number) end

              local function isBefore(a, b)
                return a.ms < b.ms or a.ms == b.ms and a.number < b.number
              end

              local function oldest()
                local entry = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
                return entry and parsed(entry[1])
              end

              local last, consumers = {ms = 0, number = 0}, {}
              local all = redis.call('HGETALL', state)
              for i = 1, #all, 2 do
                local who = string.match(all[i], '^c:(.+)$')
                if who then
                  local id, dropped, seen, till, server =
                    string.match(all[i + 1], '^(%d+%-%d+) (%d+) (%d+) (%d+) (%S*)$')
                  if id then
                    local each = parsed(id)
                    each.dropped, each.seen, each.till, each.owner, each.text =
                      tonumber(dropped), tonumber(seen), tonumber(till), server, all[i + 1]
                    consumers[who] = each
                  end
                elseif all[i] == 'e' then
                  last = parsed(string.match(all[i + 1], '^%S+')) or last
                end
              end

              -- A new consumer begins at the end. One that Redis has forgotten, with the events
              -- that it had, begins with those that were added since; so does the first of all,
              -- since nothing is added without a consumer.
              local me = consumers[name]
              if not me then
                me = {ms = last.ms, number = last.number}
                if given or not next(consumers) then
                  local first = oldest()
                  if first then me.ms, me.number = first.ms, math.max(0, first.number - 1) end
                end
                me.dropped, me.seen, me.till, me.owner = 0, 0, 0, ''
                consumers[name] = me
              end

              -- No lease is longer, unless the clock of Redis was set back.
              me.till = math.min(me.till, now + lease)
              local isOurs = me.owner == owner or me.owner == '' or me.till <= now
              local before, isLess, entries = {ms = me.ms, number = me.number}, false, {}

              local function deal()
                local to = parsed(dealt)
                if not to or not isBefore(me, to) then return end
                -- After the last: of events that Redis has lost, or added by another client.
                if isBefore(last, to) and #redis.call('XRANGE', stream, dealt, dealt) == 0 then
                  return
                end
                me.ms = to.ms
                me.number = math.max(me.number, math.min(to.number, last.number))
              end

              local function skip(ms, number)
                me.dropped = me.dropped + number - me.number
                me.ms, me.number = ms, number
              end

              local function read()
                local from, size = '(' .. text(me.ms, me.number), 0
                while true do
                  local count = math.min(16, most - #entries)
                  local some = redis.call('XRANGE', stream, from, '+', 'COUNT', count)
                  for _, entry in ipairs(some) do
                    for i = 2, #entry[2], 2 do size = size + #entry[2][i] end
                    if #entries > 0 and size > bytes then return end
                    local age = math.max(0, now - parsed(entry[1]).ms)
                    entries[#entries + 1] = {entry[1], age, entry[2]}
                  end
                  if #some < count or #entries >= most then return end
                  from = '(' .. some[#some][1]
                end
              end

              if isOurs then
                if me.owner == owner then deal() else given = nil end
                me.owner, me.till = owner, now + lease
                if most > 0 then
                  read()
                  local first = entries[1] and parsed(entries[1][1])
                  if first and first.number > me.number + 1 and first.number <= last.number then
                    skip(first.ms, first.number - 1)
                  elseif not first and isBefore(me, last) and last.number > me.number then
                    skip(last.ms, last.number)
                  end
                end
              end

              -- What the server has read is not lost, though it may have been dropped since.
              local dropped = me.dropped
              local waiting = math.max(0, last.number - me.number)
              if isOurs and most == 0 and waiting > 0 then
                local first = oldest()
                local gone = math.min(first and first.number - 1 or last.number, last.number)
                local lost = math.max(0, gone - math.max(me.number, given or 0))
                dropped, waiting = dropped + lost, waiting - lost
              end

              -- Redis looks at its memory before the first write only, and this one needs none.
              redis.call('HDEL', state, '')
              local isDue = me.seen > now or me.seen <= now - 60000
              if isDue then
                -- Unless the clock of Redis was set forward.
                if me.seen > now - 3600000 then
                  for who, each in pairs(consumers) do
                    if each ~= me and each.seen < now - WEEK then
                      redis.call('HDEL', state, 'c:' .. who)
                      consumers[who], isLess = nil, true
                    end
                  end
                end
                me.seen = now
              end
              local value = string.format('%s %d %d %d %s', text(me.ms, me.number), me.dropped,
                me.seen, me.till, me.owner)
              if value ~= me.text then redis.call('HSET', state, 'c:' .. name, value) end
              if isDue then
                redis.call('PEXPIRE', state, KEPT)
                redis.call('PEXPIRE', stream, KEPT)
              end
              if isLess or isBefore(before, me) then
                local lowest = me
                for _, each in pairs(consumers) do
                  if isBefore(each, lowest) then lowest = each end
                end
                redis.call('XTRIM', stream, 'MINID', '~', text(lowest.ms, lowest.number + 1))
              end
              return {isOurs and 1 or 0, waiting, dropped, entries}
              """
                  .replace("WEEK", "604800000")
                  .replace("KEPT", FeedLua.keptMillis()));

  /** Ends a lease. Arguments: the consumer and the server. */
  static final Script RELEASE =
      Script.of(
          """
          local state, field = KEYS[1] .. ':state', 'c:' .. ARGV[1]
          local rest, server = string.match(redis.call('HGET', state, field) or '',
            '^(%S+ %d+ %d+) %d+ (%S*)$')
          if server ~= ARGV[2] then return 0 end
          redis.call('HDEL', state, '')
          redis.call('HSET', state, field, rest .. ' 0 ')
          return 1
          """);

  /** All scripts, for loading. */
  static final List<Script> ALL = List.of(ADD, NEXT, RELEASE);

  private FeedScripts() {}
}
