package io.earshot.redis;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.RateLimitedLog;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Warns of a Redis that removes keys when its memory is full: rooms would lose messages and
 * members, and servers their leases.
 */
final class EvictionWarning {
  private static final System.Logger LOG = System.getLogger(EvictionWarning.class.getName());

  private EvictionWarning() {}

  /**
   * Asks Redis, and warns if the log is due. Redis need not answer: the user may lack the right.
   */
  static void check(Connections redis, String key, RateLimitedLog log) {
    var _ =
        redis
            .info(key, "memory")
            .thenAccept(
                info -> {
                  Map<String, String> fields = fields(info);
                  String policy = fields.getOrDefault("maxmemory_policy", "noeviction");
                  if (!policy.equals("noeviction") && log.isDue("eviction")) {
                    LOG.log(
                        Level.WARNING,
                        "maxmemory-policy of Redis is {0}: when its memory is full ({1}), it removes rooms,"
                            + " members and leases without a word. Set maxmemory-policy to noeviction, so that it"
                            + " refuses messages instead.",
                        policy,
                        fields.getOrDefault("maxmemory", "0").equals("0")
                            ? "maxmemory is not set now"
                            : "maxmemory " + fields.get("maxmemory_human"));
                  }
                });
  }

  private static Map<String, String> fields(String info) {
    return info.lines()
        .map(line -> line.split(":", 2))
        .filter(parts -> parts.length == 2)
        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1], (a, _) -> a));
  }
}
