package io.earshot.redis.say;

import io.earshot.redis.connection.Script;

/**
 * The script that publishes messages in rooms, as one atomic step.
 *
 * <p>Keys: for each room its head, log and members, and then one key for each of its messages that
 * has a message id: the position of the first message with that id. Arguments: when the caller's
 * lease expires, and the command that publishes; for each room its channel, the messages' peer, how
 * long to keep a room without members, how many messages to keep, epoch and offset of the cursor
 * that the caller knows, the epoch of an order that begins anew, and the number of messages; and
 * for each message its number, how long its message id is remembered, 0 for a message without one,
 * and the message.
 *
 * <p>If the number of messages is negative, each message that gets its place becomes an event, too,
 * or neither happens. The fourth key of the room is then the stream of its part of the feed, and
 * two more arguments follow the number: the room's name, and how many bytes of events may wait in
 * the part.
 *
 * <p>The answer is {@code over} if the lease has expired; nothing has changed then. Otherwise it
 * has one text for each message: its position, {@code late}, or {@code !} and the error of Redis. A
 * message that fails does not keep the others from their places.
 */
final class SayScript {
  static final Script SCRIPT =
      Script.of(
          """
          local time = redis.call('TIME')
          local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
          if tonumber(now) > tonumber(ARGV[1]) then return {'over'} end
          """
              + FeedLua.TEXT
              + """
          local command = ARGV[2]
          local key, arg, answers = 1, 3, {}

          -- The room, and whether something has changed in it.
          local head, log, members, channel, peer, keep, most, known, reached, fresh, numbers
          local epoch, offset, last, changed

          -- The part of the feed that the room belongs to, if its messages are events.
          local stream, room, limit, events

          -- What of its log is read: the places of the peer's numbers, and the smallest of them.
          local places, lowest, before, size

          local function read()
            local h = redis.call('HMGET', head, 'e', 'o', numbers)
            epoch, offset, last = h[1], tonumber(h[2] or '0'), tonumber(h[3] or '-1')
          end

          local function begin()
            if not epoch then
              redis.call('DEL', log)
              epoch, offset = fresh, 0
              redis.call('HSET', head, 'e', epoch, 'o', 0)
            elseif known == epoch and tonumber(reached) > offset then
              epoch = fresh
              redis.call('HSET', head, 'e', epoch)
            end
          end

          -- The position of a message that is in the log; nil if it is not. The numbers of a peer
          -- grow there, so the search ends at a smaller one. Since a call may have many late
          -- messages, no part of the log is read twice.
          local function find(number)
            while not places[number] and lowest > number do
              local entries = redis.call('XREVRANGE', log, before, '-', 'COUNT', size)
              for _, entry in ipairs(entries) do
                local origin = entry[2][2]
                local other = string.sub(origin, 1, #peer + 1) == peer .. ':'
                  and tonumber(string.sub(origin, #peer + 2))
                if other then
                  places[other], lowest = string.match(entry[1], '^%d+'), math.min(lowest, other)
                end
              end
              if #entries < size or size >= 512 then lowest = -1 end
              if #entries > 0 then before = '(' .. entries[#entries][1] end
              size = size * 2
            end
            return places[number] and epoch .. ':' .. places[number]
          end

          local function say(number, window, message, repeated)
            if not offset then read() end
            if repeated then
              local first = redis.call('GET', repeated)
              if first then return first end
            end
            local at
            if number ~= '0' and tonumber(number) <= last then
              -- It is either in the log already, or late and refused.
              at = find(tonumber(number))
              if not at then return 'late' end
            end
            begin()
            changed = true
            if not at then
              local place = string.format('%d', offset + 1)
              if stream then
                events.append(stream, limit, #room + #message, 'r', room, 'a', epoch .. ':' .. place,
                  'p', message)
              end
              offset = offset + 1
              last = tonumber(number)
              redis.call('HSET', head, 'o', place, numbers, number)
              redis.call('XADD', log, 'MAXLEN', '~', most, place .. '-0', 'o',
                peer .. ':' .. number, 'p', message, 't', now)
              if stream then events.added = nil end
              at = epoch .. ':' .. place
              redis.call(command, channel, at .. ' ' .. message)
            end
            if repeated then redis.call('SET', repeated, at, 'PX', window) end
            return at
          end

          local function failed(why)
            local text = type(why) == 'table' and why.err or tostring(why)
            text = string.gsub(text, '^@?user_script:%s*%d+:%s*', '')
            return '!' .. string.gsub(text, '^%-', '')
          end

          local function forget()
            if redis.call('EXISTS', members) == 0 then
              redis.call('PEXPIRE', head, keep)
              redis.call('PEXPIRE', log, keep)
            end
          end

          while ARGV[arg] do
            local count
            head, log, members = KEYS[key], KEYS[key + 1], KEYS[key + 2]
            channel, peer, keep, most, known, reached, fresh, count = unpack(ARGV, arg, arg + 7)
            key, arg = key + 3, arg + 8
            numbers = 'n:' .. peer
            epoch, offset, changed = nil, nil, false
            places, lowest, before, size = {}, math.huge, '+', 8
            count, stream = tonumber(count), nil
            if count < 0 then
              count, stream, room, limit = -count, KEYS[key], ARGV[arg], ARGV[arg + 1]
              key, arg = key + 1, arg + 2
              events = events or feed()
            end
            for _ = 1, count do
              local number, window, message = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
              local repeated
              arg = arg + 3
              if window ~= '0' then
                repeated = KEYS[key]
                key = key + 1
              end
              local done, answer = pcall(say, number, window, message, repeated)
              answers[#answers + 1] = done and answer or failed(answer)
              if not done and stream then pcall(events.revoke) end
            end
            if changed then pcall(forget) end
          end
          if events then pcall(events.settle) end
          return answers
          """);

  private SayScript() {}
}
