package io.earshot.spi;

import io.earshot.protocol.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer to an HTTP request.
 *
 * <p>Immutable.
 *
 * @param fields the fields of the answer
 * @param error the error, or null
 * @param status the HTTP status of the error, for routes whose errors have one
 * @param roomChosen the room that the client chose by this request, or null
 */
public record WebAnswer(
    Map<String, Json> fields, @Nullable String error, int status, @Nullable String roomChosen) {

  /**
   * The answer to a request that failed.
   *
   * @param status the HTTP status
   * @param error the error
   * @return the answer
   */
  public static WebAnswer failed(int status, String error) {
    return new WebAnswer(Map.of(), error, status, null);
  }
}
