package io.earshot;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Command;
import io.earshot.protocol.Details;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Request;
import io.earshot.protocol.Welcome;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One client: what it asks is worked here, one request after the other, and what it is told leaves
 * here.
 *
 * <p>A request that concerns a room goes to the room's loop and comes back with its reply.
 * Meanwhile later requests wait, so that each sees what the ones before it did; only says follow
 * each other without waiting, since their order in the room is the order in which they were sent
 * there. When too many wait, the transport stops reading: nothing that a client sends piles up
 * here.
 *
 * <p>Owned by the connection's event loop.
 */
final class ClientConnection extends Participant implements Intake {

  private static final System.Logger LOG = System.getLogger(ClientConnection.class.getName());

  /** So many requests wait, or are under way, before the transport stops reading. */
  private static final int MAX_WAITING = 64;

  /** With so many bytes unread by the client, its own requests are not read either. */
  private static final int MAX_UNREAD = 64 * 1024;

  private final Outbound outbound;

  // Its id, 128 random bits: put into words when asked for, since many are never asked.
  private final long idHigh;
  private final long idLow;

  private @Nullable Map<String, Member> listening;
  private @Nullable Map<String, String> params;
  private int paramChars;

  private long requests;
  private int totalActions;
  private short pendingActions; // at most general.simultaniousActions
  private short underWay; // at most MAX_WAITING
  private boolean onlySaysUnderWay;
  private boolean working;
  private @Nullable Queue<Turn> waiting;

  private boolean paused;
  private @Nullable Ending inputEnding;
  private @Nullable Ending dismissal;

  /** It takes in no more, and is leaving its rooms. */
  private boolean ending;

  /** It sends no more. */
  private boolean ended;

  /** A request and its number, which is fixed when it is read. */
  private record Turn(Request request, long number) {}

  ClientConnection(
      Shard shard, Outbound outbound, Wire wire, long idHigh, long idLow, Transport transport) {
    super(shard, wire, transport, shard.earshot().config().general().defaultChatRoom());
    this.outbound = outbound;
    this.idHigh = idHigh;
    this.idLow = idLow;
  }

  @Override
  public String id() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(idHigh) + hex.toHexDigits(idLow);
  }

  @Override
  boolean hasId(String id) {
    return id.length() == 32 && Directory.hash(id) == idHash() && id.equals(id());
  }

  @Override
  int idHash() {
    return (int) (idHigh >>> 32);
  }

  @Override
  public SocketAddress remoteAddress() {
    return outbound.remoteAddress();
  }

  // --- what comes in ---------------------------------------------------------------------------

  /** Joins the default room and then says welcome; requests wait for it. */
  void open() {
    underWay++;
    Member member = place();
    join(
        member,
        () -> {
          send(
              new Welcome(earshot().config().general().welcomeMessage(), member.room)
                  .toJson()
                  .encode());
          finished();
        });
  }

  @Override
  public void handle(Request request) {
    if (ending) {
      return;
    }
    var turn = new Turn(request, ++requests);
    if (dismissal != null) {
      // Ended by the server, or by server code that sent this one client away.
      boolean stopping = dismissal.equals(Ending.SHUTDOWN);
      send(
          turn,
          new Reply.Refused(
              stopping ? "the server is shutting down" : "Error: this connection is ending"));
      return;
    }
    if ((waiting == null || waiting.isEmpty()) && mayStart(turn)) {
      work(turn);
    } else {
      if (waiting == null) {
        waiting = new ArrayDeque<>();
      }
      waiting.add(turn);
    }
  }

  private boolean mayStart(Turn turn) {
    return underWay == 0
        || (onlySaysUnderWay
            && turn.request.command() instanceof Command.Say
            && underWay < MAX_WAITING);
  }

  private void finished() {
    underWay--;
    if (working || waiting == null) {
      settle();
      return;
    }
    working = true;
    for (Turn next = waiting.peek();
        next != null && !ending && mayStart(next);
        next = waiting.peek()) {
      waiting.remove();
      work(next);
    }
    working = false;
    if (waiting.isEmpty()) {
      waiting = null; // most never need it again
    }
    settle();
  }

  /**
   * After something was done: goes on reading if it had stopped, and leaves if that was the last.
   */
  private void settle() {
    if (ending) {
      return;
    }
    boolean idle = underWay == 0 && pendingActions == 0 && (waiting == null || waiting.isEmpty());
    if (idle && inputEnding != null) {
      end(inputEnding);
    } else if (idle && dismissal != null) {
      // The reply to no request, and so without a number.
      depart(new Reply.Bye(dismissal.reason()).toJson(0, null), dismissal);
    } else if (paused && !congested()) {
      paused = false;
      outbound.resume();
    }
  }

  private boolean congested() {
    return underWay + (waiting == null ? 0 : waiting.size()) >= MAX_WAITING
        || outbound.pendingBytes() > MAX_UNREAD;
  }

  @Override
  public boolean isCongested() {
    boolean congested = congested();
    paused |= congested;
    return congested;
  }

  @Override
  public boolean isEnded() {
    return ending;
  }

  @Override
  public void drained() {
    settle();
  }

  @Override
  public void inputEnded(Ending why) {
    inputEnding = why;
    settle();
  }

  // --- the verbs -------------------------------------------------------------------------------

  private void work(Turn turn) {
    Command command = turn.request.command();
    onlySaysUnderWay = command instanceof Command.Say;
    underWay++;
    switch (command) {
      case Command.Say say -> say(turn, say);
      case Command.ChangeRoom(String room) -> changeRoom(turn, room);
      case Command.LeaveRoom(String room) -> leaveRoom(turn, room);
      case Command.ViewRoom _ -> viewRoom(turn);
      case Command.Listen(String room) -> listen(turn, room);
      case Command.Silence(String room) -> silence(turn, room);
      case Command.ViewDetails _ -> reply(turn, new Reply.Detailed(details()));
      case Command.AddParam(String key, String value) -> reply(turn, addParam(key, value));
      case Command.DeleteParam(String key) -> reply(turn, deleteParam(key));
      case Command.ViewParam(String key) -> {
        String value = params().get(key);
        reply(turn, new Reply.Params(value == null ? Map.of() : Map.of(key, value)));
      }
      case Command.ViewParams _ -> reply(turn, new Reply.Params(params()));
      case Command.DeleteParams _ -> {
        params = null;
        paramChars = 0;
        reply(turn, new Reply.Done());
      }
      case Command.Act(String name, Map<String, Json> given) -> {
        act(turn, name, given == null ? stickyParams() : given);
        finished(); // an action keeps nothing waiting; its answer comes when it is done
      }
      case Command.Quit _ -> {
        Reply bye = new Reply.Bye(Ending.REQUESTED.reason());
        depart(bye.toJson(turn.number, turn.request.messageId()), Ending.REQUESTED);
      }
      case Command.Malformed(String error) -> reply(turn, new Reply.Refused(error));
    }
  }

  private void act(Turn turn, String name, Map<String, Json> given) {
    if (pendingActions >= earshot().config().general().simultaniousActions()) {
      send(turn, new Reply.Refused("you have too many pending requests"));
      return;
    }
    totalActions++;
    pendingActions++;
    var _ =
        earshot()
            .api()
            .actions()
            .run(name, this, given)
            .thenApply(outcome -> encoded(turn, name, outcome)) // on the action's thread
            .thenAccept(json -> tell(() -> acted(json)));
  }

  private byte[] encoded(Turn turn, String action, Actions.Outcome outcome) {
    try {
      byte[] json = encoded(turn, reply(outcome));
      earshot().config().limits().checkAnswer(json.length);
      return json;
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, "the answer of " + action + " cannot be said", e);
      return encoded(turn, new Reply.Refused("Error: The server experienced an internal error"));
    }
  }

  private static byte[] encoded(Turn turn, Reply reply) {
    return reply.toJson(turn.number, turn.request.messageId()).encode();
  }

  private void acted(byte[] json) {
    pendingActions--;
    send(json);
    settle();
  }

  private static Reply reply(Actions.Outcome outcome) {
    return switch (outcome) {
      case Actions.Outcome.Answered(var fields) -> new Reply.Answered(fields, null);
      case Actions.Outcome.Failed(_, String error, var fields) -> new Reply.Answered(fields, error);
    };
  }

  private Map<String, Json> stickyParams() {
    var sticky = new LinkedHashMap<String, Json>();
    params().forEach((key, value) -> sticky.put(key, Json.of(value)));
    return sticky;
  }

  private void say(Turn turn, Command.Say say) {
    Member member = place();
    if (say.room() != null && !say.room().equals(member.room)) {
      reply(turn, new Reply.Refused("Error: you are not in this room", say.room()));
      return;
    }
    Audience audience = say.audience() != null ? say.audience() : audience();
    tellRoom(member, say.message(), audience, () -> reply(turn, new Reply.Done()));
  }

  /** Whom the params aim at. They hold for what is said while they are set, and no longer. */
  @Override
  @Nullable Audience audience() {
    String key = params().get(Audience.KEY);
    return key == null ? null : new Audience(key, params().get(Audience.VALUE));
  }

  private void changeRoom(Turn turn, String room) {
    leave(place(), () -> {});
    Member member = memberOf(room);
    moveTo(member);
    join(member, () -> reply(turn, new Reply.DoneIn(room)));
  }

  private void leaveRoom(Turn turn, String room) {
    if (room.equals(place().room)) {
      changeRoom(turn, earshot().config().general().defaultChatRoom());
    } else {
      reply(turn, new Reply.Refused("Error: you are not in this room", room));
    }
  }

  private void viewRoom(Turn turn) {
    String name = place().room;
    earshot().rooms().status(name, status -> tell(() -> reply(turn, new Reply.Viewed(status))));
  }

  private void listen(Turn turn, String room) {
    if (listening().containsKey(room)) {
      reply(turn, new Reply.Refused("you are already listening to this room", room));
    } else if (listening().size() >= earshot().config().limits().listeningRooms()) {
      reply(turn, new Reply.Refused("Error: you are listening to too many rooms", room));
    } else {
      Member member = memberOf(room);
      if (listening == null) {
        listening = new HashMap<>();
      }
      listening.put(room, member);
      Shard there = earshot().rooms().shard(room);
      there.tell(() -> there.room(room).listen(member, () -> reply(turn, new Reply.DoneIn(room))));
    }
  }

  private void silence(Turn turn, String room) {
    Member member = listening == null ? null : listening.remove(room);
    if (member == null) {
      reply(turn, new Reply.Refused("you are not listening to this room", room));
      return;
    }
    unlisten(member, () -> reply(turn, new Reply.DoneIn(room)));
  }

  private Details details() {
    return new Details(
        id(),
        connectedAt().toEpochMilli(),
        params(),
        place().room,
        listening().keySet().stream().sorted().toList(),
        totalActions,
        pendingActions);
  }

  private Reply addParam(String key, String value) {
    Config.Limits limits = earshot().config().limits();
    String old = params().get(key);
    int chars = paramChars + (old == null ? key.length() : -old.length()) + value.length();
    if (chars > limits.paramBytes() || (old == null && params().size() >= limits.params())) {
      return new Reply.Refused("Error: too many params, or too long ones");
    }
    if (params == null) {
      params = new LinkedHashMap<>();
    }
    params.put(key, value);
    paramChars = chars;
    return new Reply.Done();
  }

  private Reply deleteParam(String key) {
    String old = params == null ? null : params.remove(key);
    if (old != null) {
      paramChars -= key.length() + old.length();
    }
    return new Reply.Done();
  }

  private Map<String, String> params() {
    return params == null ? Map.of() : params;
  }

  private Map<String, Member> listening() {
    return listening == null ? Map.of() : listening;
  }

  // --- rooms -----------------------------------------------------------------------------------

  /** One object for each room that this connection hears, whether in it or listening or both. */
  private Member memberOf(String room) {
    Member member = listening().get(room);
    if (member != null) {
      return member;
    }
    return room.equals(place().room) ? place() : new Member(this, room);
  }

  private void unlisten(Member member, Runnable out) {
    earshot().rooms().in(member.room, room -> room.silence(member, out), () -> tell(out));
  }

  // --- what goes out ---------------------------------------------------------------------------

  @Override
  void deliver(ByteBuf bytes, int offset, int length) {
    if (ended) {
      return;
    }
    try {
      outbound.write(bytes, offset, length);
      int pending = outbound.pendingBytes();
      if (pending > 0 && pending > earshot().config().limits().outboundBytes()) {
        LOG.log(Level.DEBUG, () -> this + " does not read, and is cut off");
        cutOff();
      }
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "sending to " + this + " failed", e);
      cutOff();
    }
  }

  @Override
  public void write(ByteBuf framed) {
    deliver(framed, framed.readerIndex(), framed.readableBytes());
  }

  private void reply(Turn turn, Reply reply) {
    send(turn, reply);
    finished();
  }

  private void send(Turn turn, Reply reply) {
    send(encoded(turn, reply));
  }

  private void send(byte[] json) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 16);
    try {
      wire().frame(json, buffer);
      write(buffer);
    } finally {
      buffer.release();
    }
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public void dismiss(Ending why) {
    if (dismissal == null) {
      dismissal = why;
      settle();
    }
  }

  @Override
  public void end(Ending why) {
    depart(null, why);
  }

  /**
   * Leaves all rooms, and so hears all that was told there before; says the last words, and ends.
   * Later, since whoever calls may be in the middle of telling a room something.
   */
  private void depart(@Nullable Json lastWords, Ending why) {
    if (ending) {
      return;
    }
    ending = true;
    forgetWaiting();
    shard().later(() -> leaveAll(() -> sayGoodbye(lastWords, why)));
  }

  private void sayGoodbye(@Nullable Json lastWords, Ending why) {
    if (ended) {
      return;
    }
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      if (lastWords != null) {
        wire().frame(lastWords.encode(), buffer);
      }
      wire().end(why, buffer);
      if (buffer.isReadable()) {
        write(buffer);
      }
    } finally {
      buffer.release();
    }
    ended = true;
    earshot().forget(this);
    outbound.finish();
  }

  private void leaveAll(Runnable out) {
    Map<String, Member> heard = listening();
    listening = null;
    var left = new Countdown(1 + heard.size(), out);
    leave(place(), left);
    heard.values().forEach(member -> unlisten(member, left));
  }

  /** Runs something when all of several have run. Owned by the connection's event loop. */
  private static final class Countdown implements Runnable {
    private final Runnable last;
    private int missing;

    Countdown(int missing, Runnable last) {
      this.missing = missing;
      this.last = last;
    }

    @Override
    public void run() {
      if (--missing == 0) {
        last.run();
      }
    }
  }

  /** Ends a connection that is of no use, without another word. */
  private void cutOff() {
    outbound.close();
    gone();
  }

  @Override
  public void gone() {
    if (ended) {
      return;
    }
    ended = true;
    earshot().forget(this);
    if (!ending) {
      ending = true;
      forgetWaiting();
      shard().later(() -> leaveAll(() -> {}));
    }
  }

  private void forgetWaiting() {
    if (waiting != null) {
      waiting.clear();
    }
  }

  @Override
  boolean isGone() {
    return ending;
  }

  @Override
  public void close(String reason) {
    tell(() -> dismiss(new Ending(1000, reason)));
  }
}
