package io.earshot.netty.http;

import io.netty.handler.codec.http.HttpResponseStatus;

/** A request is not HTTP as this server reads it. The message is for the client. */
public final class MalformedRequestException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient HttpResponseStatus status;

  public MalformedRequestException(String message) {
    this(HttpResponseStatus.BAD_REQUEST, message);
  }

  MalformedRequestException(HttpResponseStatus status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  public HttpResponseStatus status() {
    return status;
  }

  public String detail() {
    return String.valueOf(getMessage());
  }
}
