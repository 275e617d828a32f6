package io.earshot.protocol;

/**
 * A text is not JSON, or is more JSON than is accepted. The message is fit for whoever sent the
 * text.
 */
public final class MalformedJsonException extends Exception {

  MalformedJsonException(String message) {
    super(message, null, false, false);
  }
}
