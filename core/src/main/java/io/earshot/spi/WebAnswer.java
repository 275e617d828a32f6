package io.earshot.spi;

import io.earshot.protocol.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an HTTP request is answered.
 *
 * @param fields the fields of the answer
 * @param error what went wrong, or null
 * @param status the HTTP status that says so, where errors are to have one
 * @param roomChosen the room that the client chose by this request, or null
 */
public record WebAnswer(
    Map<String, Json> fields, @Nullable String error, int status, @Nullable String roomChosen) {

  /**
   * A request that was not worked.
   *
   * @param status the HTTP status
   * @param error why
   * @return the answer
   */
  public static WebAnswer failed(int status, String error) {
    return new WebAnswer(Map.of(), error, status, null);
  }
}
