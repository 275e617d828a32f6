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

  private @Nullable Map<String, Member> listening;
  private @Nullable Map<String, String> params;
  private int paramChars;

  private long requests;
  private long totalActions;
  private int pendingActions;
  private int underWay;
  private boolean onlySaysUnderWay;
  private boolean working;
  private @Nullable Queue<Turn> waiting;

  private boolean paused;
  private boolean inputEnded;
  private @Nullable Ending dismissal;

  /** Its last words are being said; what they lead to says them no second time. */
  private boolean ending;

  private boolean ended;

  /** A request and its number, which is fixed when it is read. */
  private record Turn(Request request, long number) {}

  ClientConnection(
      Earshot earshot,
      Shard shard,
      Outbound outbound,
      Wire wire,
      String id,
      Transport transport,
      SocketAddress remoteAddress) {
    super(
        earshot,
        shard,
        wire,
        id,
        transport,
        remoteAddress,
        earshot.config().general().defaultChatRoom());
    this.outbound = outbound;
  }

  // --- what comes in ---------------------------------------------------------------------------

  /** Joins the default room and then says welcome; requests wait for it. */
  void open() {
    underWay++;
    Member member = place();
    join(
        member,
        () -> {
          send(new Welcome(earshot().config().general().welcomeMessage(), member.room).toJson());
          finished();
        });
  }

  @Override
  public void handle(Request request) {
    if (ended) {
      return;
    }
    var turn = new Turn(request, ++requests);
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
        next != null && !ended && mayStart(next);
        next = waiting.peek()) {
      waiting.remove();
      work(next);
    }
    working = false;
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
    if (inputEnded && idle) {
      end(Ending.REQUESTED);
    } else if (dismissal != null && pendingActions == 0) {
      sayGoodbye(dismissal);
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
    paused = congested();
    return paused;
  }

  @Override
  public boolean isEnded() {
    return ended;
  }

  @Override
  public void drained() {
    settle();
  }

  @Override
  public void inputEnded() {
    inputEnded = true;
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
        send(turn, new Reply.Bye(Ending.REQUESTED.reason()));
        end(Ending.REQUESTED);
      }
      case Command.Malformed(String error) -> reply(turn, new Reply.Refused(error));
    }
  }

  private void act(Turn turn, String name, Map<String, Json> given) {
    if (dismissal != null) {
      send(turn, new Reply.Refused("the server is shutting down"));
      return;
    }
    if (pendingActions >= earshot().config().general().simultaniousActions()) {
      send(turn, new Reply.Refused("you have too many pending requests"));
      return;
    }
    totalActions++;
    pendingActions++;
    earshot()
        .api()
        .actions()
        .run(name, this, given)
        .thenAccept(outcome -> tell(() -> acted(turn, outcome)));
  }

  private void acted(Turn turn, Actions.Outcome outcome) {
    pendingActions--;
    send(
        turn,
        switch (outcome) {
          case Actions.Outcome.Answered(var fields) -> new Reply.Answered(fields, null);
          case Actions.Outcome.Failed(_, String error, var fields) ->
              new Reply.Answered(fields, error);
        });
    settle();
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
    leave(place());
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
    unlisten(member);
    reply(turn, new Reply.DoneIn(room));
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

  private void unlisten(Member member) {
    Shard there = earshot().rooms().shard(member.room);
    there.tell(
        () -> {
          Room room = there.roomIfAny(member.room);
          if (room != null) {
            room.silence(member);
          }
        });
  }

  // --- what goes out ---------------------------------------------------------------------------

  @Override
  void deliver(ByteBuf bytes, int offset, int length) {
    if (ended) {
      return;
    }
    outbound.write(bytes, offset, length);
    if (outbound.pendingBytes() > earshot().config().limits().outboundBytes()) {
      LOG.log(Level.DEBUG, () -> this + " does not read, and is cut off");
      outbound.close();
      gone();
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
    send(reply.toJson(turn.number, turn.request.messageId()));
  }

  private void send(Json json) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      wire().frame(json.encode(), buffer);
      write(buffer);
    } finally {
      buffer.release();
    }
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public void dismiss(Ending why) {
    if (ending || dismissal != null) {
      return;
    }
    dismissal = why;
    if (pendingActions == 0) {
      sayGoodbye(why);
    }
  }

  private void sayGoodbye(Ending why) {
    ending = true;
    // The reply to no request, and so without a number.
    send(new Reply.Bye(why.reason()).toJson(0, null));
    finish(why);
  }

  @Override
  public void end(Ending why) {
    if (!ending) {
      ending = true;
      finish(why);
    }
  }

  private void finish(Ending why) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      wire().end(why, buffer);
      if (buffer.isReadable()) {
        write(buffer);
      }
    } finally {
      buffer.release();
    }
    outbound.finish();
    gone();
  }

  @Override
  public void gone() {
    if (ended) {
      return;
    }
    ended = true;
    ending = true;
    if (waiting != null) {
      waiting.clear();
    }
    leave(place());
    listening().values().forEach(this::unlisten);
    listening = null;
    earshot().forget(this);
  }

  @Override
  public void close(String reason) {
    tell(() -> dismiss(new Ending(1000, reason)));
  }
}
