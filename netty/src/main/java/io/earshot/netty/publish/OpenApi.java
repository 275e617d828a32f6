package io.earshot.netty.publish;

import java.io.IOException;

/**
 * The description of the admin API and of room URLs in the format OpenAPI 3.1: {@code
 * docs/openapi.json}.
 *
 * <p>Immutable.
 */
public final class OpenApi {
  private static final String FILE = "openapi.json";

  private OpenApi() {}

  /** The document, as JSON. */
  public static byte[] document() {
    try (var in = OpenApi.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new LinkageError(FILE + " is missing from the jar");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new LinkageError(FILE + " cannot be read", e);
    }
  }
}
