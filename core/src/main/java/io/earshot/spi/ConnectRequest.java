package io.earshot.spi;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP request by which a client connects.
 *
 * <p>Immutable.
 */
public interface ConnectRequest {

  /** What a client sends that does not speak HTTP. */
  ConnectRequest NONE =
      new ConnectRequest() {
        @Override
        public @Nullable String loginToken() {
          return null;
        }

        @Override
        public Map<String, List<String>> headers() {
          return Map.of();
        }

        @Override
        public Map<String, String> cookies() {
          return Map.of();
        }

        @Override
        public Map<String, List<String>> query() {
          return Map.of();
        }
      };

  /**
   * The token by which the client says who it is.
   *
   * @return the token, which is not verified; null for none
   */
  @Nullable String loginToken();

  /**
   * The headers, by names in lower case.
   *
   * @return the values of each header
   */
  Map<String, List<String>> headers();

  /**
   * The cookies.
   *
   * @return the first value of each cookie
   */
  Map<String, String> cookies();

  /**
   * The query of the URL, decoded.
   *
   * @return the values of each parameter
   */
  Map<String, List<String>> query();
}
