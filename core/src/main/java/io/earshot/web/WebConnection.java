package io.earshot.web;

import io.earshot.FeedEvent;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.access.AccessPolicy;
import io.earshot.connection.Directory;
import io.earshot.connection.LoginWatch;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.events.EventKind;
import io.earshot.hook.NewClient;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Start;
import io.earshot.room.Lag;
import io.earshot.room.Member;
import io.earshot.spi.Login;
import io.earshot.spi.Visitor;
import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP client: for one request, or, with message queues on, for as long as it keeps sending
 * requests.
 *
 * <p>Owned by the connection's event loop; the room chosen is volatile.
 */
final class WebConnection extends Participant {
  private final String id;
  private final SocketAddress remoteAddress;

  /** The message queue; null for a connection of one request, which is a member of no room. */
  private final @Nullable Mailbox mailbox;

  /** Tasks that wait until it is a member of its room, or was refused; null after that. */
  private @Nullable List<Runnable> waiting = new ArrayList<>();

  private volatile @Nullable String roomChosen;
  private boolean gone;

  /** Whether consumers of the feed know this client as connected. */
  private boolean isConnected;

  /** Why a hook refused the connection; null if none did. */
  private @Nullable String refusal;

  WebConnection(LoopContext context, Visitor visitor, @Nullable Mailbox mailbox) {
    super(context, Mailbox.WIRE, Transport.WEB, visitor.room());
    this.id = visitor.id();
    this.remoteAddress = visitor.remoteAddress();
    this.mailbox = mailbox;
    if (mailbox == null && visitor.login() != null) {
      LoginWatch.assume(this, visitor.login());
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public boolean mayBeListedElsewhere() {
    return true; // an HTTP client belongs to the server that it asks
  }

  @Override
  public boolean hasId(String other) {
    return id.equals(other);
  }

  @Override
  public int idHash() {
    return Directory.hash(id);
  }

  @Override
  public SocketAddress remoteAddress() {
    return remoteAddress;
  }

  /**
   * Joins the room that the client's cookie names; if that is refused, the default room; if that is
   * refused too, no room.
   *
   * @param token the token of the request, or null
   */
  void enter(Visitor visitor, @Nullable String token) {
    Login login = visitor.login();
    refusal = login == null ? null : LoginWatch.logIn(this, login);
    if (refusal != null) {
      endSilently();
      becomeLive();
      return;
    }
    engine()
        .admission()
        .askToConnect(
            this,
            new NewClient(visitor.request(), visitor.claims(), false),
            why -> {
              if (why == null) {
                isConnected = true;
                shard().feed().client(FeedEvent.Type.CONNECTED, null, this, Map.of());
                enter(place(), token);
              } else {
                refusal = why;
                endSilently();
                becomeLive();
              }
            });
  }

  /** Whether a request with a login, or without one, may be this client's. */
  boolean isOf(@Nullable Login login) {
    Login own = login();
    return login == null || own == null || own.subject().equals(login.subject());
  }

  private void enter(Place member, @Nullable String token) {
    engine().admission().admit(member, Permission.JOIN, token, verdict -> enter(member, verdict));
  }

  private void enter(Place member, AccessPolicy.Verdict verdict) {
    String usual = engine().config().general().defaultChatRoom();
    if (!gone && verdict.refusal() == null) {
      join(member, Start.LIVE, ignored -> becomeLive());
      TokenWatch.accept(member, verdict.grant());
    } else if (!gone && !member.room.equals(usual)) {
      roomChosen = usual;
      moveTo(new Place(this, usual));
      enter(place(), (String) null);
    } else {
      becomeLive();
    }
  }

  private void becomeLive() {
    List<Runnable> ready = waiting == null ? List.of() : waiting;
    waiting = null;
    ready.forEach(Runnable::run);
  }

  /** The error with which the client's requests are refused; null if they are not. */
  @Nullable String refusal() {
    return refusal == null && gone ? "Error: this client was disconnected" : refusal;
  }

  @Override
  protected @Nullable String refusalToSpeak(Place speaker) {
    return refusal();
  }

  /** Runs a task once the client is a member of its room, or was refused. */
  void whenLive(Runnable task) {
    if (waiting == null) {
      task.run();
    } else {
      waiting.add(task);
    }
  }

  /**
   * Leaves its room for another. Callable from any thread.
   *
   * @param token the token of the request, or null
   * @return the name of the new room; failed with a {@link RefusedException} if the client may not
   *     join it
   */
  CompletionStage<String> changeRoom(String room, @Nullable String token) {
    var done = new CompletableFuture<String>();
    tell(
        () -> {
          Place member = room.equals(place().room) ? place() : new Place(this, room);
          engine()
              .admission()
              .admit(
                  member,
                  Permission.JOIN,
                  token,
                  verdict -> {
                    if (verdict.refusal() != null) {
                      done.completeExceptionally(new RefusedException(verdict.refusal()));
                    } else {
                      changeRoom(member, verdict.grant(), done);
                    }
                  });
        });
    return done;
  }

  private void changeRoom(Place member, @Nullable Grant grant, CompletableFuture<String> done) {
    roomChosen = member.room;
    if (mailbox == null || gone) {
      moveTo(member);
      done.complete(member.room);
      return;
    }
    move(member, Start.LIVE, ignored -> done.complete(member.room));
    TokenWatch.accept(member, grant);
  }

  /**
   * Sends a message to its room. Callable from any thread.
   *
   * @param token the token of the request, or null
   * @return completed when the message has its place in the room's order; failed with a {@link
   *     RefusedException} if the client may not say it
   */
  CompletionStage<Void> say(Json message, @Nullable Audience audience, @Nullable String token) {
    var said = new CompletableFuture<Void>();
    tell(
        () -> {
          Place speaker = place();
          if (mailbox != null && !speaker.in) {
            said.completeExceptionally(new RefusedException(NOT_IN_ROOM));
          } else {
            var unused =
                engine()
                    .admission()
                    .say(speaker, message, token, audience, null, spoken -> spoken.tell(said));
          }
        });
    return said;
  }

  /**
   * Moves to the default room if the client may not join the room that its cookie names. Otherwise
   * server code could send messages there with the client as the sender.
   */
  void leaveForbiddenRoom(@Nullable String token) {
    if (engine().admission().check(place(), Permission.JOIN, token).refusal() != null) {
      moveTo(new Place(this, engine().config().general().defaultChatRoom()));
    }
  }

  /**
   * Checks that the client may join its room. A client without a message queue is checked at each
   * request, since only its cookie names the room.
   */
  void checkAccess(@Nullable String token) throws RefusedException {
    Place member = place();
    String refusal =
        member.in ? null : engine().admission().check(member, Permission.JOIN, token).refusal();
    if (refusal != null) {
      throw new RefusedException(refusal);
    }
  }

  /** Replaces its token by a newer one. Callable from any thread. */
  CompletionStage<Reply.Refreshed> refreshToken(String token) {
    var done = new CompletableFuture<Reply.Refreshed>();
    tell(
        () -> {
          try {
            done.complete(TokenWatch.refresh(this, token));
          } catch (RefusedException e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  @Override
  public List<Place> places() {
    return List.of(place());
  }

  @Override
  public void expire(Place member) {
    TokenWatch.removeExpired(member);
  }

  @Override
  public void moveByServer(String room, boolean joins, Consumer<Boolean> then) {
    then.accept(false); // it is in one room, which it chooses
  }

  @Override
  public void disconnect(String reason) {
    endSilently();
  }

  @Override
  public void removeFromRoom(Place member, Json notice, String reason) {
    String next = engine().config().general().defaultChatRoom();
    if (member != place()) {
      return;
    }
    if (next.equals(member.room)) {
      endSilently();
      return;
    }
    send(notice.encode());
    var unused =
        changeRoom(next, null)
            .whenComplete(
                (ignored, failure) -> {
                  if (failure != null) {
                    tell(this::endSilently);
                  }
                });
  }

  /** The room to which the client changed last, or null if it never did. */
  @Nullable String roomChosen() {
    return roomChosen;
  }

  /**
   * Takes the oldest message from its queue. Callable from any thread.
   *
   * @param wait how long to wait for a message, in milliseconds
   * @return the message, or null if there is none; a cancelled request takes none
   */
  CompletableFuture<byte @Nullable []> takeMessage(long wait) {
    var taker = new CompletableFuture<byte @Nullable []>();
    if (mailbox == null) {
      taker.complete(null);
    } else {
      // The request runs in a later turn of the loop: rooms deliver at the end of a turn, so a
      // client that knows of a message, and then asks for it, receives it.
      tell(() -> shard().later(() -> mailbox.take(wait, taker)));
    }
    return taker;
  }

  /** A message of the queue as JSON. */
  static Json parsed(byte @Nullable [] json) {
    try {
      return json == null ? new Json.Null() : Json.parseEncoded(json);
    } catch (MalformedJsonException e) {
      throw new IllegalStateException("a room delivered a message that is not JSON", e);
    }
  }

  @Override
  public void deliver(ByteBuf bytes, int offset, int length) {
    if (mailbox != null && !gone) {
      mailbox.write(bytes, offset, length);
    }
  }

  @Override
  public int pendingBytes() {
    return mailbox == null ? 0 : mailbox.bytes();
  }

  @Override
  public boolean isBehind() {
    return false; // the mailbox has bounds of its own
  }

  @Override
  public boolean takesSignals() {
    return false; // signals do not wait in a mailbox
  }

  @Override
  public void catchUp(Member member) {}

  @Override
  public Lag newLag(Member member) {
    throw new IllegalStateException("a mailbox is never behind");
  }

  @Override
  public @Nullable Audience audience() {
    return null; // each request has its own audience
  }

  @Override
  public boolean isGone() {
    return gone;
  }

  @Override
  public void endSilently() {
    if (!gone && mailbox != null) {
      String why = "the HTTP client sent no more requests, or left";
      gone = true;
      shard().recorder().addWith(EventKind.CLOSED, this, attributes(), why);
      mailbox.close();
      leave(place(), () -> {});
      engine().forget(this);
      if (isConnected) {
        var more = Map.of("reason", why);
        shard().feed().client(FeedEvent.Type.DISCONNECTED, null, this, more);
      }
    }
  }

  @Override
  public void close(String reason) {
    tell(this::endSilently);
  }
}
