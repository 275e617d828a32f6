package io.earshot.protocol;

/**
 * A text is not valid JSON, or exceeds a limit. The exception's message may be sent to the client
 * that sent the text.
 */
public final class MalformedJsonException extends Exception {

  MalformedJsonException(String message) {
    super(message, null, false, false);
  }
}
