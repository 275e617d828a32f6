package io.earshot.connection;

import io.earshot.Config;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The params that a client has set on its connection, bounded in number and length.
 *
 * <p>Owned by the connection's event loop.
 */
public final class Params {
  private final Map<String, String> values = new LinkedHashMap<>();
  private int chars;

  public Map<String, String> all() {
    return values;
  }

  /**
   * Sets a param.
   *
   * @return false if that would exceed the limit of number or length; then nothing changes
   */
  public boolean add(String key, String value, Config.Limits limits) {
    String old = values.get(key);
    int longer = chars + (old == null ? key.length() : -old.length()) + value.length();
    if (longer > limits.paramBytes() || (old == null && values.size() >= limits.params())) {
      return false;
    }
    values.put(key, value);
    chars = longer;
    return true;
  }

  public void remove(String key) {
    @Nullable String old = values.remove(key);
    if (old != null) {
      chars -= key.length() + old.length();
    }
  }
}
