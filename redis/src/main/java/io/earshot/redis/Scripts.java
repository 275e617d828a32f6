package io.earshot.redis;

import io.earshot.redis.connection.Script;
import io.earshot.redis.feed.RedisFeed;
import io.earshot.redis.say.Says;
import java.util.List;
import java.util.stream.Stream;

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

  /**
   * The parts of an entry in the list of members, the user's id being empty for none, and {@link
   * io.earshot.spi.Broker.Tally#digest}.
   */
  private static final String ENTRY =
      """
      local function parts(entry) return string.match(entry, '^(%S+) (%d+) ?([^\\n]*)') end

      local function digest(id, user)
        local text = user == '' and id or id .. ' ' .. user
        local sum = 0
        for i = 1, #text do sum = (sum * 31 + string.byte(text, i)) % 4294967296 end
        return sum
      end
      """;

  private static final String ROOM =
      NOW
          + ENTRY
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
            redis.call('XADD', log, 'MAXLEN', '~', ARGV[8], id(offset), 'o', origin, 'p', ARGV[6],
              't', now)
            redis.call(ARGV[3], ARGV[2], here() .. ' ' .. ARGV[6])
            return here()
          end

          local function tally(owner, id, user, by)
            local field = 'c:' .. owner
            local count, sum = string.match(redis.call('HGET', head, field) or '', '(%d+) (%d+)')
            -- A server of an earlier version does not count.
            if not count and by < 0 then return end
            count = (count or 0) + by
            sum = ((sum or 0) + by * digest(id, user)) % 4294967296
            if count > 0 then
              redis.call('HSET', head, field, string.format('%.0f %.0f', count, sum))
            else
              redis.call('HDEL', head, field)
            end
          end

          -- Counts a member of a user, and returns how many the user has.
          local function count(user, by)
            if user == '' then return 0 end
            local now = redis.call('HINCRBY', KEYS[4], user, by)
            if now <= 0 then redis.call('HDEL', KEYS[4], user) end
            return now
          end

          local function forget()
            redis.call('PEXPIRE', head, ARGV[7])
            redis.call('PEXPIRE', log, ARGV[7])
          end

          """;

  /**
   * Adds a member to a room, or takes a member over from another server. Only a takeover makes a
   * member another user's. Fourth key: the counts of users.
   */
  static final Script ENTER =
      Script.of(
          ROOM
              + """
              if late then return {'late'} end
              local id, owner, upTo, take = ARGV[12], ARGV[13], tonumber(ARGV[14]), ARGV[15]
              local user, json = ARGV[16], ARGV[17]
              local before = redis.call('HGET', members, id)
              local former, rank, was
              if before then former, rank, was = parts(before) end
              if before and take == '0' and string.match(former, '^(.*)%.%d+$') ~= ARGV[4] then
                return {'elsewhere'}
              end
              local entry = owner .. ' ' .. (rank or redis.call('HINCRBY', head, 'm', 1))
              if before and was ~= user and take == '0' then
                user, entry = was, owner .. string.match(before, '^%S+(.*)$')
              elseif user ~= '' then
                entry = entry .. ' ' .. user .. '\\n' .. json
              end
              redis.call('HSET', members, id, entry)
              if not before then redis.call('HINCRBY', head, 'c', 1) end
              if before and before ~= entry then redis.call('HINCRBY', head, 't', 1) end
              if former ~= owner or was ~= user then
                if former then tally(former, id, was, -1) end
                tally(owner, id, user, 1)
              end
              local isFirst = false
              if was ~= user then
                if was then count(was, -1) end
                isFirst = count(user, 1) <= 1
              end
              local announced = 0
              local at
              if isFirst and redis.call('HLEN', members) <= upTo then
                announced, at = 1, place()
              else
                begin()
                at = here()
              end
              redis.call('PERSIST', head)
              redis.call('PERSIST', log)
              return {'at', at, announced}
              """);

  /**
   * Removes a member of a user from a room if it belongs to the owner, or to an earlier owner of
   * the server. Fourth key: the counts of users.
   */
  static final Script LEAVE =
      Script.of(
          ROOM
              + """
              if late then return {'late'} end
              local id, owner, upTo = ARGV[12], ARGV[13], tonumber(ARGV[14])
              local before = redis.call('HGET', members, id)
              local size = redis.call('HLEN', members)
              local announced = 0
              local former, user, at, _
              if before then former, _, user = parts(before) end
              -- A server also removes what it has left behind as an earlier owner.
              if before and user == ARGV[15]
                  and (former == owner or string.match(former, '^(.*)%.%d+$') == ARGV[4]) then
                redis.call('HDEL', members, id)
                redis.call('HINCRBY', head, 'c', -1)
                tally(former, id, user, -1)
                if count(user, -1) <= 0 and size <= upTo then announced, at = 1, place() end
                if size == 1 then forget() end
              end
              if not at then
                begin()
                at = here()
                if size == 0 then forget() end
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
              for i, entry in ipairs(entries) do
                -- Entries of earlier versions have no time. The clock may have been set back since.
                local age = math.max(0, now - tonumber(entry[2][6] or now))
                posts[i] = {entry[1], entry[2][4], age}
              end
              return {'at', here(), posts}
              """);

  private static final String COUNT =
      ENTRY
          + """
          local head, members, users, owner = KEYS[1], KEYS[2], KEYS[3], ARGV[1]

          local function count()
            local ours, sum, present = {}, 0, {}
            local all = redis.call('HGETALL', members)
            for i = 1, #all, 2 do
              local id, entry, user = all[i], all[i + 1], ''
              local feed = string.find(entry, '\\n', 1, true)
              if feed then
                local _
                _, _, user = parts(entry)
                present[user] = (present[user] or 0) + 1
              end
              if string.sub(entry, 1, #owner + 1) == owner .. ' ' then
                ours[#ours + 1] = id
                ours[#ours + 1] = feed and string.sub(entry, feed + 1) or ''
                sum = (sum + digest(id, user)) % 4294967296
              end
            end
            local tally = string.format('%.0f %.0f', #ours / 2, sum)
            if redis.call('EXISTS', head) == 1 then
              redis.call('HDEL', head, 'c:' .. owner)
              redis.call('HSET', head, 'c', #all / 2)
              if #ours > 0 then redis.call('HSET', head, 'c:' .. owner, tally) end
              redis.call('DEL', users)
              for user, number in pairs(present) do redis.call('HSET', users, user, number) end
            end
            return ours, tally
          end

          """;

  /**
   * Returns the head of a room and the tally of an owner's members. Counts the members of a small
   * room, and of a room whose number of members is not as counted. Keys: head, members and users.
   */
  static final Script TALLY =
      Script.of(
          COUNT
              + """
              local h = redis.call('HMGET', head, 'e', 'o', 'c:' .. owner, 'c')
              local length, tally = redis.call('HLEN', members), h[3] or '0 0'
              if length <= 32 or length ~= tonumber(h[4] or '0') then
                local _, counted = count()
                tally = counted
              end
              return {h[1] or '', h[2] or '', tally}
              """);

  /**
   * Returns the members of an owner, each as its id and its user as JSON, which is empty for none;
   * counts the members anew. Keys: head, members and users.
   */
  static final Script ENTRIES =
      Script.of(
          COUNT
              + """
              local ours = count()
              return ours
              """);

  /**
   * Renews the lease of an owner, and declares owners dead that the caller names, unless they have
   * renewed their leases since: then their numbers in the set are others than the caller knows.
   * Keys: the sorted sets of live and dead owners.
   */
  static final Script BEAT =
      Script.of(
          NOW
              + """
              local alive, dead = KEYS[1], KEYS[2]
              local owner, lease = ARGV[1], tonumber(ARGV[2])
              if redis.call('ZSCORE', dead, owner) then return {'dead'} end
              -- Redis has lost both sets, or the owner was dead for so long that both have dropped it.
              if ARGV[6] == '1' and not redis.call('ZSCORE', alive, owner) then return {'lost'} end
              -- ZREM needs no memory. Redis checks its memory limit before the first write only, so the
              -- lease is renewed even when the memory is full.
              redis.call('ZREM', dead, owner)
              -- A dead owner stays in the set until all its members are removed.
              local rooms = string.gsub(dead, 'dead$', 'rooms:')
              for _, each in ipairs(redis.call('ZRANGEBYSCORE', dead, '-inf', now - 600000)) do
                if redis.call('EXISTS', rooms .. each) == 0 then redis.call('ZREM', dead, each) end
              end
              redis.call('ZADD', alive, now + lease, owner)
              for i = 7, #ARGV, 2 do
                if redis.call('ZSCORE', alive, ARGV[i]) == ARGV[i + 1] then
                  redis.call('ZREM', alive, ARGV[i])
                  redis.call('ZADD', dead, now, ARGV[i])
                end
              end
              redis.call(ARGV[3], ARGV[4], ARGV[5])
              return {'at', now + lease,
                redis.call('ZRANGE', alive, 0, -1, 'WITHSCORES'), redis.call('ZRANGE', dead, 0, -1)}
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
  static final List<Script> ALL =
      Stream.concat(
              Stream.of(Says.SCRIPT, ENTER, LEAVE, OPEN, TALLY, ENTRIES, BEAT, CLAIM, RELEASE),
              RedisFeed.SCRIPTS.stream())
          .toList();

  private Scripts() {}
}
