package io.earshot.redis.connection;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * A Lua script. Redis knows a loaded script by the SHA-1 of its text.
 *
 * <p>Immutable.
 *
 * @param text the source in Lua
 * @param sha the SHA-1 of the source, in hexadecimal
 */
public record Script(String text, String sha) {

  /** Makes a script of a source. */
  public static Script of(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-1").digest(Utf8.bytes(text));
      return new Script(text, HexFormat.of().formatHex(digest));
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has SHA-1", e);
    }
  }
}
