package io.earshot.engine;

import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.login.Logins;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.spi.VerifiedLogin;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The requests of HTTP clients, which need no connection.
 *
 * <p>Thread-safe: event loops own what changes.
 */
public final class HttpRequests {
  private final Parts parts;

  HttpRequests(Parts parts) {
    this.parts = parts;
  }

  /** Whether clients have to log in. */
  public boolean isLoginRequired() {
    return parts.context.logins().isRequired();
  }

  /**
   * Checks the token by which an HTTP client logs in. Callable from any thread.
   *
   * @param token the token
   * @return the login; failed with a {@link RefusedException} whose message says why. Completed at
   *     once, unless another issuer is asked for its keys
   */
  public CompletableFuture<VerifiedLogin> checkLogin(String token) {
    CompletableFuture<VerifiedLogin> checked = parts.context.logins().check(token);
    var unused =
        checked.whenComplete(
            (ignored, failure) -> {
              if (failure != null) {
                parts.context.loginRefused(Logins.refusal(failure));
              }
            });
    return checked;
  }

  /**
   * Why the chat page cannot log in its visitors.
   *
   * @return the reason, for the client; null if it can
   */
  public @Nullable String whyNoDevelopmentLogin() {
    return parts.developmentLogin.whyOff();
  }

  /**
   * Makes a token by which a visitor of the chat page logs in; see {@link #whyNoDevelopmentLogin}.
   *
   * @param name the name that others will see
   * @param previous the token that the visitor has, whose id stays; or null
   * @return the answer for the client
   * @throws RefusedException if the name cannot be one; the message says why
   */
  public Json.Obj developmentLogin(String name, @Nullable String previous) throws RefusedException {
    return parts.developmentLogin.answer(name, previous);
  }

  /**
   * Runs an action for an HTTP client. Callable from any thread.
   *
   * @param visitor the client
   * @param action the action's name
   * @param params the params of the request
   * @return the answer, completed on any thread; cancel it when the client has disconnected
   */
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params) {
    return parts.webClients(visitor.id()).ask(visitor, action, params);
  }

  /**
   * Runs an action for a program that is not a client. The request joins no room and gets no
   * message queue.
   *
   * @param visitor the program
   * @param action the action's name
   * @return the answer, completed on any thread
   */
  public CompletableFuture<WebAnswer> askOnce(Visitor visitor, String action) {
    return parts.webClients(visitor.id()).askOnce(visitor, action, Map.of());
  }

  /**
   * Verifies a token. A request verifies each of its tokens once, and then asks {@link
   * #check(Visitor, String, Permission, Grant)} as often as it has to.
   *
   * @param token the token that a client shows
   * @return the grant of the token
   * @throws RefusedException if the token is not valid, not valid yet, or has expired
   */
  public Grant verify(String token) throws RefusedException {
    return parts.readers.verify(token);
  }

  /**
   * Checks that an HTTP client may do something in a room.
   *
   * @param visitor the client
   * @param room the room's name
   * @param what the permission that the client needs there
   * @param grant the grant of the token that the client shows, or null
   * @throws RefusedException if the client may not; the message says why
   */
  public void check(Visitor visitor, String room, Permission what, @Nullable Grant grant)
      throws RefusedException {
    parts.readers.check(visitor, room, what, grant);
  }

  /**
   * Checks that an HTTP client is not banned.
   *
   * @param visitor the client
   * @throws RefusedException if the client is banned; the message says why
   */
  public void check(Visitor visitor) throws RefusedException {
    Measure ban = parts.moderation.ban(visitor);
    if (ban != null) {
      throw new RefusedException(ban.words());
    }
  }

  /**
   * Reads messages of a room for a client that is not a member. Callable from any thread.
   *
   * @param asked the room, and the messages
   * @param wait how long to wait for a message if there is none, in milliseconds; at most 25 s
   * @return the messages, completed on any thread; cancel it when the client has disconnected.
   *     Failed with a {@link RejectedExecutionException} if too many requests wait already
   */
  public CompletableFuture<Excerpt> read(ExcerptRequest asked, int wait) {
    return parts.readers.read(asked, wait);
  }

  /**
   * Reads earlier messages of a room for a client that is not a member. Callable from any thread.
   *
   * @param room the room's name
   * @param before the place before which the messages are; null for the newest messages
   * @param limit the largest number of messages
   * @return the messages without an audience that somebody said, completed on any thread
   */
  public CompletableFuture<Excerpt> readBefore(String room, @Nullable Cursor before, int limit) {
    return parts.readers.readBefore(room, before, limit);
  }

  /**
   * Reads messages of several rooms for a client that is a member of none. Callable from any
   * thread.
   *
   * @param rooms the rooms
   * @param wait how long to wait for a message in any of the rooms if there is none, in
   *     milliseconds; at most 25 s
   * @return the messages of each room, in the order of the requests; see {@link
   *     #read(ExcerptRequest, int)}
   */
  public CompletableFuture<List<Excerpt>> read(List<ExcerptRequest> rooms, int wait) {
    return parts.readers.read(rooms, wait);
  }

  /**
   * Sends a message to a room for a client that need not be a member. Callable from any thread.
   *
   * @param visitor the client
   * @param room the room's name
   * @param token the token that the client shows, or null
   * @param message the message
   * @param audience the recipients, or null for all
   * @param namer the namespace of {@code messageId}; not used for an id as long as a UUID
   * @param messageId the client's own id of the message, so that a repeated say is delivered once;
   *     or null
   * @return the place of the message in the room's order, completed on any thread. Failed with a
   *     {@link RefusedException} if the client may not say it
   */
  public CompletableFuture<Cursor> say(
      Visitor visitor,
      String room,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    return parts.readers.say(visitor, room, token, message, audience, namer, messageId);
  }

  /**
   * Sends a signal to a room for a client that need not be a member. Callable from any thread.
   *
   * @param visitor the client
   * @param room the room's name
   * @param grant the grant of the token that the client shows, or null
   * @param content the content of the signal
   * @param kind the kind of the signal, or null
   * @throws RefusedException if the client may not; the message says why
   */
  public void signal(
      Visitor visitor, String room, @Nullable Grant grant, Json content, @Nullable String kind)
      throws RefusedException {
    parts.readers.signal(visitor, room, grant, content, kind);
  }

  /**
   * Whether any action names a param. HTTP transports drop the other params.
   *
   * @param param the param's name
   * @return true if an action names it
   */
  public boolean understands(String param) {
    return parts.actions.understands(param);
  }

  /**
   * Whether an action is about the client that asks, so that the client needs an identity.
   *
   * @param action the action's name
   * @return false for an action that only looks at the server; true if there is none of that name
   */
  public boolean needsClient(String action) {
    return parts.actions.needsClient(action);
  }

  /**
   * The number of HTTP requests that wait for the next message of a room.
   *
   * @return the number on all loops together
   */
  public int waitingPolls() {
    return parts.rooms.polls().get();
  }
}
