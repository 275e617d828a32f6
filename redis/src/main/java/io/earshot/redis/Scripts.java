package io.earshot.redis;

import io.earshot.redis.connection.Script;
import java.util.List;

/**
 * The Lua scripts; Redis runs each of them as one atomic step.
 *
 * <p>The scripts that change a room have the keys head, log and members, and begin with the same
 * eleven arguments, which {@link RoomCommands} writes: when the caller's lease expires, the
 * channel, the command that publishes, the peer and number of the message's origin, the message,
 * how long to keep a room without members, how many messages to keep, epoch and offset of the
 * cursor that the caller knows, and the epoch of an order that begins anew. A script refuses a
 * caller whose lease has expired and changes nothing, so that a server that was declared dead finds
 * out before it does harm.
 *
 * <p>Immutable.
 */
final class Scripts {
  private static final String NOW =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      """;

  private static final String ROOM =
      NOW
          + """
          if now > tonumber(ARGV[1]) then return {'over'} end
          local head, log, members = KEYS[1], KEYS[2], KEYS[3]
          local h = redis.call('HMGET', head, 'e', 'o', 'n:' .. ARGV[4])
          local epoch, offset = h[1], tonumber(h[2] or '0')

          local function id(number) return string.format('%.0f-0', number) end

          local function here() return epoch .. ':' .. string.format('%.0f', offset) end

          local function begin()
            if not epoch then
              redis.call('DEL', log)
              epoch, offset = ARGV[11], 0
              redis.call('HSET', head, 'e', epoch, 'o', 0)
            elseif ARGV[9] == epoch and tonumber(ARGV[10]) > offset then
              epoch = ARGV[11]
              redis.call('HSET', head, 'e', epoch)
            end
          end

          -- A message whose number is not above the peer's last one is either in the log already, or
          -- late and refused.
          local origin = ARGV[4] .. ':' .. ARGV[5]
          local placed
          local late = ARGV[5] ~= '0' and h[3] and tonumber(ARGV[5]) <= tonumber(h[3])
          if late then
            for _, entry in ipairs(redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1000)) do
              if entry[2][2] == origin then
                placed = epoch .. ':' .. string.match(entry[1], '^%d+')
                late = false
                break
              end
            end
          end

          local function place()
            begin()
            if placed then return placed end
            offset = offset + 1
            redis.call('HSET', head, 'o', string.format('%.0f', offset), 'n:' .. ARGV[4], ARGV[5])
            redis.call('XADD', log, 'MAXLEN', '~', ARGV[8], id(offset), 'o', origin, 'p', ARGV[6])
            redis.call(ARGV[3], ARGV[2], here() .. ' ' .. ARGV[6])
            return here()
          end

          local function forget()
            redis.call('PEXPIRE', head, ARGV[7])
            redis.call('PEXPIRE', log, ARGV[7])
          end

          """;

  /**
   * Publishes a message in a room. Fourth key, optional: the position of the first message with the
   * same message id.
   */
  static final Script PUBLISH =
      Script.of(
          ROOM
              + """
              local ifThere, window = ARGV[12], ARGV[13]
              if KEYS[4] then
                local first = redis.call('GET', KEYS[4])
                if first then return {'at', first} end
              end
              if ifThere == '1' and not epoch then return {'none'} end
              if late then return {'late'} end
              local at = place()
              if KEYS[4] then redis.call('SET', KEYS[4], at, 'PX', window) end
              if redis.call('EXISTS', members) == 0 then forget() end
              return {'at', at}
              """);

  /** Adds a member to a room, or takes a member over from another server. */
  static final Script ENTER =
      Script.of(
          ROOM
              + """
              if late then return {'late'} end
              local id, owner, upTo, take = ARGV[12], ARGV[13], tonumber(ARGV[14]), ARGV[15]
              local before = redis.call('HGET', members, id)
              if before and take == '0' and string.match(before, '^(.*)%.%d+ %d+$') ~= ARGV[4] then
                return {'elsewhere'}
              end
              if before then
                redis.call('HSET', members, id, owner .. ' ' .. string.match(before, ' (%d+)$'))
              else
                redis.call('HSET', members, id, owner .. ' ' .. redis.call('HINCRBY', head, 'm', 1))
              end
              local announced = 0
              local at
              if not before and redis.call('HLEN', members) <= upTo then
                announced, at = 1, place()
              else
                begin()
                at = here()
              end
              redis.call('PERSIST', head)
              redis.call('PERSIST', log)
              return {'at', at, announced}
              """);

  /** Removes a member from a room if it belongs to the owner. */
  static final Script LEAVE =
      Script.of(
          ROOM
              + """
              if late then return {'late'} end
              local id, owner, upTo = ARGV[12], ARGV[13], tonumber(ARGV[14])
              local before = redis.call('HGET', members, id)
              local count = redis.call('HLEN', members)
              local announced = 0
              local at
              if before and string.match(before, '^(.*) %d+$') == owner then
                redis.call('HDEL', members, id)
                if count <= upTo then announced, at = 1, place() end
                if count == 1 then forget() end
              end
              if not at then
                begin()
                at = here()
                if count == 0 then forget() end
              end
              return {'at', at, announced}
              """);

  /** Returns the messages after a known position, or else the last ones. */
  static final Script OPEN =
      Script.of(
          ROOM
              + """
              local origin, limit, make = ARGV[12], tonumber(ARGV[13]), ARGV[14]
              if not epoch then
                if make == '0' then return {'none'} end
                begin()
                if redis.call('EXISTS', members) == 0 then forget() end
              end
              local same = ARGV[9] == epoch
              local known = tonumber(ARGV[10])
              if same then
                if known > offset then
                  begin()
                  same = false
                elseif known > 0 and origin ~= '' then
                  local entry = redis.call('XRANGE', log, id(known), id(known))[1]
                  if entry and entry[2][2] ~= origin then
                    epoch = ARGV[11]
                    redis.call('HSET', head, 'e', epoch)
                    same = false
                  end
                end
              end
              local entries = {}
              if same and limit > 0 then
                entries = redis.call('XRANGE', log, id(known + 1), '+', 'COUNT', limit)
              elseif limit > 0 then
                local back = redis.call('XREVRANGE', log, '+', '-', 'COUNT', limit)
                for i = #back, 1, -1 do entries[#entries + 1] = back[i] end
              end
              local posts = {}
              for i, entry in ipairs(entries) do posts[i] = {entry[1], entry[2][4]} end
              return {'at', here(), posts}
              """);

  /**
   * Renews the lease of an owner, and declares owners dead whose leases expired long ago. Keys: the
   * sorted sets of live and dead owners.
   */
  static final Script BEAT =
      Script.of(
          NOW
              + """
              local alive, dead = KEYS[1], KEYS[2]
              local owner, lease, grace, judge = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
              if redis.call('ZSCORE', dead, owner) then return {'dead'} end
              -- An owner in neither set was dead for so long that both sets have dropped it.
              if ARGV[8] == '1' and not redis.call('ZSCORE', alive, owner) then return {'dead'} end
              -- ZREM needs no memory. Redis checks its memory limit before the first write only, so the
              -- lease is renewed even when the memory is full.
              redis.call('ZREM', dead, owner)
              -- A dead owner stays in the set until all its members are removed.
              local rooms = string.gsub(dead, 'dead$', 'rooms:')
              for _, each in ipairs(redis.call('ZRANGEBYSCORE', dead, '-inf', now - 600000)) do
                if redis.call('EXISTS', rooms .. each) == 0 then redis.call('ZREM', dead, each) end
              end
              redis.call('ZADD', alive, now + lease, owner)
              if judge == '1' then
                for _, each in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', now - grace)) do
                  redis.call('ZREM', alive, each)
                  redis.call('ZADD', dead, now, each)
                end
              end
              redis.call(ARGV[5], ARGV[6], ARGV[7])
              return {'at', now + lease,
                redis.call('ZRANGE', alive, 0, -1), redis.call('ZRANGE', dead, 0, -1)}
              """);

  /** Returns the server that an HTTP client is on. Key: the client's. */
  static final Script CLAIM =
      Script.of(
          """
          local owner = redis.call('GET', KEYS[1])
          if owner and not string.find(ARGV[3], ' ' .. owner .. ' ', 1, true) then
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
            return owner
          end
          redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
          return ARGV[1]
          """);

  /** Deletes a text if it has the expected value. */
  static final Script RELEASE =
      Script.of(
          """
          if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
          return 0
          """);

  /** All scripts, for loading. */
  static final List<Script> ALL = List.of(PUBLISH, ENTER, LEAVE, OPEN, BEAT, CLAIM, RELEASE);

  private Scripts() {}
}
