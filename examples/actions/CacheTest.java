import io.earshot.*;
import io.earshot.protocol.Json;
import java.util.*;

/** Keeps the last hundred values. One object serves all calls, so access is synchronized. */
public final class CacheTest implements Action {
  private final Map<String, Json> cache = new LinkedHashMap<>();

  @Override
  public List<String> required() {
    return List.of("key", "value");
  }

  @Override
  public synchronized void run(Call call) {
    String key = String.valueOf(call.text("key"));
    cache.put(key, call.params().get("value"));
    if (cache.size() > 100) {
      cache.remove(cache.keySet().iterator().next());
    }
    call.put("key", key);
    call.put("value", cache.get(key));
    call.put("size", cache.size());
  }
}
