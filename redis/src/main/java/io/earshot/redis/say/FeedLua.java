package io.earshot.redis.say;

/**
 * The functions in Lua that add events to the feed, for the scripts that do so.
 *
 * <p>Each part of the feed has a stream, and a hash {@code :state}. The number of an event is the
 * second half of its id in the stream; numbers have no gaps, so the events between two ids can be
 * counted without reading them. The first half is the time of Redis, so that no id is used twice,
 * even if Redis has lost the last events. The first field of an event, {@code b}, is the number of
 * bytes that were added to the part before it.
 *
 * <p>In the hash, {@code e} is the last id and the number of bytes that were added, {@code f} the
 * number of bytes before the oldest event at the last look, and {@code c:NAME} belongs to a
 * consumer.
 */
public final class FeedLua {
  /** What an entry takes up in Redis besides its texts, about. */
  private static final int OVERHEAD = 64;

  /** A part that nobody asks for is forgotten; longer than a consumer is remembered. */
  private static final long KEPT_MILLIS = 14L * 24 * 60 * 60 * 1_000;

  /**
   * The function {@code feed}, whose result has the functions {@code append}, {@code revoke} and
   * {@code settle}. The script has the time in {@code now}. It calls {@code append} for each event,
   * and {@code settle} at its end, which keeps the bound in bytes. After an error {@code revoke}
   * takes the event {@code added} back, if there is one.
   */
  public static final String TEXT =
      """
      local function feed()
        local events, parts = {}, {}

        local function open(stream, limit)
          local h = redis.call('HMGET', stream .. ':state', 'e', 'f')
          local text = h[1]
          if not text then
            -- New, or another client has deleted the hash.
            local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
            if entry then text = entry[1] .. ' 0' else redis.call('DEL', stream) end
          end
          local ms, number, bytes = string.match(text or '0-0 0', '^(%d+)%-(%d+) (%d+)$')
          parts[stream] = {ms = tonumber(ms), number = tonumber(number), bytes = tonumber(bytes),
            first = tonumber(h[2] or '0'), limit = tonumber(limit), isNew = not h[1]}
          return parts[stream]
        end

        function events.append(stream, limit, size, ...)
          local part = parts[stream] or open(stream, limit)
          local ms = math.max(part.ms, tonumber(now))
          local id = string.format('%d-%d', ms, part.number + 1)
          redis.call('XADD', stream, id, 'b', string.format('%d', part.bytes), ...)
          size = size + OVERHEAD
          part.ms, part.number, part.bytes = ms, part.number + 1, part.bytes + size
          events.added = {stream = stream, id = id, size = size}
        end

        -- The next event gets the same number and a later time, since no stream goes back.
        function events.revoke()
          local event = events.added
          if event then
            local part = parts[event.stream]
            part.ms, part.number, part.bytes = part.ms + 1, part.number - 1, part.bytes - event.size
            events.added = nil
            redis.call('XDEL', event.stream, event.id)
          end
        end

        -- Removes the oldest events, about as many as are too many by the average size.
        local function bound(stream, part)
          local length = redis.call('XLEN', stream)
          for _ = 1, 50 do
            local entry = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
            local first = entry and tonumber(entry[2][2]) or 0
            if first > part.bytes then first = 0 end
            part.first = first
            local excess = part.bytes - first - part.limit
            if excess <= 0 or length <= 1 then break end
            local many = math.min(100, math.ceil(length * excess / (part.bytes - first)))
            length = math.max(1, length - many)
            redis.call('XTRIM', stream, 'MAXLEN', length)
          end
        end

        function events.settle()
          for stream, part in pairs(parts) do
            local state = stream .. ':state'
            redis.call('HSET', state, 'e',
              string.format('%d-%d %d', part.ms, part.number, part.bytes))
            if part.bytes - part.first > part.limit then
              bound(stream, part)
              redis.call('HSET', state, 'f', string.format('%d', part.first))
            end
            if part.isNew then
              redis.call('PEXPIRE', stream, KEPT)
              redis.call('PEXPIRE', state, KEPT)
            end
          end
        end

        return events
      end
      """
          .replace("OVERHEAD", String.valueOf(OVERHEAD))
          .replace("KEPT", keptMillis());

  private FeedLua() {}

  /** How long Redis keeps a part after the last question for it, in milliseconds. */
  public static String keptMillis() {
    return String.valueOf(KEPT_MILLIS);
  }
}
