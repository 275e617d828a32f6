package io.earshot.session;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.access.AccessPolicy;
import io.earshot.access.SessionTokens;
import io.earshot.access.Tokens;
import io.earshot.action.ActionRunner;
import io.earshot.connection.Admission;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Params;
import io.earshot.connection.Place;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Command;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Details;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Reply.Heard;
import io.earshot.protocol.Request;
import io.earshot.protocol.Welcome;
import io.earshot.room.Lag;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
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
public final class ClientConnection extends MultiRoomConnection implements Intake {

  private static final System.Logger LOG = System.getLogger(ClientConnection.class.getName());

  /** So many requests wait, or are under way, before the transport stops reading. */
  private static final int MAX_WAITING = 64;

  /** With so many bytes unread by the client, its own requests are not read either. */
  private static final int MAX_UNREAD = 64 * 1024;

  /** After so many refused messages it is not read for {@link #REST}: refusing costs, too. */
  private static final int REFUSALS = 64;

  /** A tenth of a second, in milliseconds. */
  private static final long REST = 100;

  /** RFC 6455: somebody does what the other end does not allow. */
  private static final int POLICY_VIOLATION = 1008;

  private final Outbound outbound;

  // Its id, 128 random bits: put into words when asked for, since many are never asked. Another one
  // once it is again who it was.
  private volatile long idHigh;
  private volatile long idLow;

  private @Nullable Params params;

  private long requests;

  /** What it has sent, as a {@link Pace} has it. */
  private long messagesPaidBy;

  private long bytesPaidBy;
  private byte refusals; // of messages, since its last rest

  /** It is not read for a while, since it sends too much. */
  private boolean resting;

  private int totalActions;
  private short pendingActions; // at most general.simultaniousActions
  private short underWay; // at most MAX_WAITING
  private boolean onlySaysUnderWay;
  private boolean working;
  private @Nullable Queue<Turn> waiting;

  /** Where it has to go from, when what is under way is done; null for nowhere. */
  private @Nullable List<Runnable> due;

  private boolean paused;
  private @Nullable Ending inputEnding;
  private @Nullable Ending dismissal;

  /** It was lost without a goodbye, or will have been when what it asked for is answered. */
  private boolean lost;

  /** It was lost, and is waited for. */
  private boolean detached;

  /** It is told nothing more, since it does not read what it was told. */
  private boolean behind;

  /** Something was left out for it in some room. */
  private boolean lags;

  /** It was let in, and so has a session to come back with. */
  private boolean opened;

  /** It takes in no more, and is leaving its rooms. */
  private boolean ending;

  /** It sends no more. */
  private boolean ended;

  /** Who it is now, since somebody came back with its session; null while it is itself. */
  private @Nullable ClientConnection heir;

  /** How it comes back to who it was; null unless it does. */
  private @Nullable Resumption resuming;

  /** A request and its number, which is fixed when it is read. */
  record Turn(Request request, long number) {}

  public ClientConnection(
      LoopContext context,
      Outbound outbound,
      Wire wire,
      long idHigh,
      long idLow,
      Transport transport,
      String room) {
    super(context, wire, transport, room);
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
  public boolean hasId(String id) {
    return id.length() == 32 && Directory.hash(id) == idHash() && id.equals(id());
  }

  @Override
  public int idHash() {
    return (int) (idHigh >>> 32);
  }

  @Override
  public SocketAddress remoteAddress() {
    return outbound.remoteAddress();
  }

  // --- what comes in ---------------------------------------------------------------------------

  /**
   * Joins its first room and then says welcome; requests wait for it.
   *
   * @param after what it knows of that room already, or null
   * @param token what lets it in there, or null
   */
  public void open(@Nullable Cursor after, @Nullable String token) {
    underWay++;
    Admission admission = engine().admission();
    admission.greet(
        this,
        refusal -> {
          if (refusal != null) {
            turnAway(refusal);
          } else if (!ending) {
            admission.admit(place(), Permission.JOIN, token, verdict -> open(after, verdict));
          }
        });
  }

  private void open(@Nullable Cursor after, AccessPolicy.Verdict verdict) {
    if (verdict.refusal() != null) {
      turnAway(verdict.refusal());
    } else if (!ending) {
      undisturbed(() -> open(after, verdict.grant()));
    }
  }

  /** Sends away who may not come in. */
  private void turnAway(String why) {
    underWay--;
    expel(why); // at once, whatever it has asked meanwhile
  }

  private void open(@Nullable Cursor after, @Nullable Grant grant) {
    opened = true;
    join(
        place(),
        after,
        arrival -> {
          welcome(arrival.heard(), after);
          tellMissed(arrival.missed());
          finished();
        });
    accept(place(), grant);
  }

  private void welcome(Heard heard, @Nullable Cursor after) {
    String text = engine().config().general().welcomeMessage();
    byte[] json =
        new Welcome(text, heard.room(), heard.cursor(), heard.recovered(), session())
            .toJson()
            .encode();
    // What it missed comes after this, and it may be cut off before.
    Cursor known = after != null && Boolean.TRUE.equals(heard.recovered()) ? after : heard.cursor();
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 64);
    try {
      wire().welcome(json, known, buffer);
      write(buffer);
    } finally {
      buffer.release();
    }
  }

  /** Whether it can ask for nothing, and so cannot ask to be again who it was. */
  private boolean hearsOnly() {
    return transport() == Transport.STREAM;
  }

  /** The token to come back with, or null where nobody can come back. */
  @Nullable String session() {
    SessionTokens sessions = engine().sessions();
    return sessions == null || hearsOnly() ? null : sessions.token(idHigh, idLow);
  }

  @Override
  public void handle(Request request) {
    if (ending || detached) {
      return;
    }
    var turn = new Turn(checked(request), ++requests);
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

  /**
   * Counts a request. If it comes too soon, what is worked in its place is a refusal, so that
   * answers keep their order. Who wants to go may always go.
   */
  private Request checked(Request request) {
    Pace pace = engine().messagePace();
    long now = pace.isOff() ? 0 : shard().now();
    long paidBy = pace.spend(messagesPaidBy, now, 1);
    long wait = pace.overdrawn(paidBy, now);
    if (wait > 0 && !(request.command() instanceof Command.Quit)) {
      engine().count(Refusal.MESSAGES);
      if (++refusals == REFUSALS) {
        refusals = 0;
        rest(REST);
      }
      return new Request(
          new Command.Malformed("Error: too many messages; try again in " + wait + " ms"),
          request.messageId());
    }
    messagesPaidBy = paidBy;
    if (request.command() instanceof Command.Malformed) {
      engine().count(Refusal.MALFORMED);
    }
    return request;
  }

  @Override
  public void received(int bytes) {
    Pace pace = engine().bytePace();
    if (pace.isOff()) {
      return;
    }
    long now = shard().now();
    bytesPaidBy = pace.spend(bytesPaidBy, now, bytes);
    long wait = pace.overdrawn(bytesPaidBy, now);
    if (wait > 0 && !resting) {
      engine().count(Refusal.BYTES);
      rest(wait);
    }
  }

  /** Is not read for so many milliseconds. */
  private void rest(long millis) {
    if (!resting) {
      resting = true;
      shard().schedule(this::rested, millis);
    }
  }

  private void rested() {
    resting = false;
    settle();
  }

  @Override
  public void charge(int messages) {
    Pace pace = engine().messagePace();
    if (!pace.isOff()) {
      messagesPaidBy = pace.spend(messagesPaidBy, shard().now(), messages);
    }
  }

  @Override
  public void refused(Refusal kind) {
    engine().count(kind);
  }

  private boolean mayStart(Turn turn) {
    return underWay == 0
        || (onlySaysUnderWay
            && turn.request.command() instanceof Command.Say
            && underWay < MAX_WAITING);
  }

  void finished() {
    underWay--;
    if (due != null && (underWay == 0 || onlySaysUnderWay)) {
      List<Runnable> over = due;
      due = null;
      over.forEach(Runnable::run);
    }
    proceed();
  }

  /** Does something in which a request may be finished; what waits for that begins afterwards. */
  private void undisturbed(Runnable task) {
    boolean inner = working;
    working = true;
    try {
      task.run();
    } finally {
      working = inner;
    }
    if (!inner) {
      proceed();
    }
  }

  private void proceed() {
    if (working || waiting == null) {
      settle();
      return;
    }
    working = true;
    for (Turn next = waiting.peek();
        next != null && !ending && !detached && mayStart(next);
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
    if (ending || detached) {
      return;
    }
    boolean idle = underWay == 0 && pendingActions == 0 && (waiting == null || waiting.isEmpty());
    if (idle && inputEnding != null) {
      if (lost && mayComeBack()) {
        detach(inputEnding);
      } else {
        end(inputEnding);
      }
    } else if (idle && dismissal != null) {
      // The reply to no request, and so without a number.
      @Nullable Long again = dismissal.equals(Ending.SHUTDOWN) ? engine().reconnectAfter() : null;
      depart(new Reply.Bye(dismissal.reason(), again).toJson(0, null), dismissal);
    } else if (paused && !congested()) {
      paused = false;
      outbound.resume();
    }
  }

  private boolean congested() {
    return resting
        || underWay + (waiting == null ? 0 : waiting.size()) >= MAX_WAITING
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
    return ending || detached;
  }

  @Override
  public void drained() {
    if (lags) {
      lags = false;
      members().forEach(this::catchUp);
    }
    settle();
  }

  @Override
  public void lost(Ending why) {
    lost = true;
    inputEnded(why);
  }

  @Override
  public void inputEnded(Ending why) {
    inputEnding = why;
    settle();
  }

  // --- the verbs -------------------------------------------------------------------------------

  private void work(Turn turn) {
    Command command = turn.request.command();
    onlySaysUnderWay = command instanceof Command.Say say && !isSlow(say);
    underWay++;
    switch (command) {
      case Command.Say say -> say(turn, say);
      case Command.ChangeRoom(String room, Cursor after, String token) ->
          changeRoom(turn, room, after, token);
      case Command.AddRoom(String room, Cursor after, String token) ->
          addRoom(turn, room, after, token);
      case Command.LeaveRoom(String room) -> leaveRoom(turn, room);
      case Command.ViewRoom(String room) -> viewRoom(turn, room);
      case Command.Listen(String room, Cursor after, String token) ->
          listen(turn, room, after, token);
      case Command.Silence(String room) -> silence(turn, room);
      case Command.Resume(String session, Map<String, Cursor> after) ->
          new Resumption(this, turn, after).begin(session);
      case Command.RefreshToken(String token) -> reply(turn, refreshed(token));
      case Command.ViewDetails _ -> reply(turn, new Reply.Detailed(details()));
      case Command.AddParam(String key, String value) -> reply(turn, addParam(key, value));
      case Command.DeleteParam(String key) -> {
        if (params != null) {
          params.remove(key);
        }
        reply(turn, new Reply.Done());
      }
      case Command.ViewParam(String key) -> {
        String value = params().get(key);
        reply(turn, new Reply.Params(value == null ? Map.of() : Map.of(key, value)));
      }
      case Command.ViewParams _ -> reply(turn, new Reply.Params(params()));
      case Command.DeleteParams _ -> {
        params = null;
        reply(turn, new Reply.Done());
      }
      case Command.Act(String name, Map<String, Json> given) -> {
        act(turn, name, given == null ? stickyParams() : given);
        finished(); // an action keeps nothing waiting; its answer comes when it is done
      }
      case Command.Quit _ -> {
        Reply bye = new Reply.Bye(Ending.REQUESTED.reason(), null);
        depart(bye.toJson(turn.number, turn.request.messageId()), Ending.REQUESTED);
      }
      case Command.Malformed(String error) -> reply(turn, new Reply.Refused(error));
    }
  }

  private boolean isSlow(Command.Say say) {
    return engine().admission().isSlow(say.room() == null ? place() : memberOf(say.room()));
  }

  private void act(Turn turn, String name, Map<String, Json> given) {
    if (pendingActions >= engine().config().general().simultaniousActions()) {
      engine().count(Refusal.PENDING_ACTIONS);
      send(turn, new Reply.Refused("you have too many pending requests"));
      return;
    }
    totalActions++;
    pendingActions++;
    var _ =
        engine()
            .actions()
            .run(name, this, given)
            .thenApply(outcome -> encoded(turn, name, outcome)) // on the action's thread
            .thenAccept(json -> tell(() -> acted(json)));
  }

  private byte[] encoded(Turn turn, String action, ActionRunner.Outcome outcome) {
    try {
      byte[] json = encoded(turn, reply(outcome));
      engine().config().limits().checkAnswer(json.length);
      return json;
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, "the answer of " + action + " cannot be said", e);
      return encoded(turn, new Reply.Refused(ActionRunner.BROKEN));
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

  private static Reply reply(ActionRunner.Outcome outcome) {
    return switch (outcome) {
      case ActionRunner.Outcome.Answered(var fields) -> new Reply.Answered(fields, null);
      case ActionRunner.Outcome.Failed(_, String error, var fields) ->
          new Reply.Answered(fields, error);
    };
  }

  private Map<String, Json> stickyParams() {
    var sticky = new LinkedHashMap<String, Json>();
    params().forEach((key, value) -> sticky.put(key, Json.of(value)));
    return sticky;
  }

  private void say(Turn turn, Command.Say say) {
    Place member = say.room() == null ? place() : memberOf(say.room());
    if (!member.in) {
      reply(turn, new Reply.Refused("Error: you are not in this room", member.room));
      return;
    }
    Audience audience = say.audience() != null ? say.audience() : audience();
    engine()
        .admission()
        .hear(
            member,
            say.message(),
            null,
            verdict -> {
              if (verdict.refusal() != null) {
                reply(turn, new Reply.Refused(verdict.refusal(), member.room));
              } else if (ending || detached || !member.in) {
                // It was lost, or had to leave, while somebody was asked.
                reply(turn, new Reply.Refused("Error: you are not in this room", member.room));
              } else {
                tellRoom(
                    member,
                    verdict.message(),
                    say.message(),
                    audience,
                    turn.request.messageId(),
                    true,
                    spoken -> reply(turn, reply(spoken, member.room)));
              }
            });
  }

  private static Reply reply(Room.Spoken spoken, String room) {
    if (spoken.refusal() != null) {
      return new Reply.Refused(spoken.refusal(), room);
    }
    return spoken.place() == null ? new Reply.Done() : new Reply.Said(spoken.place());
  }

  /** Whom the params aim at. They hold for what is said while they are set, and no longer. */
  @Override
  public @Nullable Audience audience() {
    String key = params().get(Audience.KEY);
    return key == null ? null : new Audience(key, params().get(Audience.VALUE));
  }

  /** Does something in a room if the client may; else says why not. */
  private void admitted(
      Turn turn,
      Place member,
      Permission what,
      @Nullable String token,
      Consumer<@Nullable Grant> then) {
    engine()
        .admission()
        .admit(
            member,
            what,
            token,
            verdict -> {
              if (verdict.refusal() != null) {
                reply(turn, new Reply.Refused(verdict.refusal(), member.room));
              } else if (ending || detached) {
                finished(); // it was lost while somebody was asked
              } else {
                undisturbed(
                    () -> {
                      then.accept(verdict.grant());
                      accept(member, verdict.grant());
                    });
              }
            });
  }

  private void changeRoom(Turn turn, String room, @Nullable Cursor after, @Nullable String token) {
    Place member = memberOf(room);
    admitted(
        turn,
        member,
        Permission.JOIN,
        token,
        _ -> changeRoom(member, after, arrival -> hears(turn, arrival)));
  }

  private void changeRoom(Place member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    Place old = place();
    move(member, after, live);
    note(old);
    note(member);
  }

  private void addRoom(Turn turn, String room, @Nullable Cursor after, @Nullable String token) {
    Place member = memberOf(room);
    if (member.in) {
      reply(turn, new Reply.Refused("Error: you are already in this room", room));
    } else if (rooms().size() >= engine().config().limits().rooms()) {
      engine().count(Refusal.ROOMS);
      reply(turn, new Reply.Refused("Error: you are in too many rooms", room));
    } else {
      admitted(
          turn,
          member,
          Permission.JOIN,
          token,
          _ -> {
            join(member, after, arrival -> hears(turn, arrival));
            note(member);
          });
    }
  }

  private void leaveRoom(Turn turn, String room) {
    Place member = memberOf(room);
    if (!member.in) {
      reply(turn, new Reply.Refused("Error: you are not in this room", room));
    } else if (member == place()) {
      changeRoom(turn, engine().config().general().defaultChatRoom(), null, null);
    } else {
      leave(member, () -> reply(turn, new Reply.DoneIn(room)));
      note(member);
    }
  }

  private void viewRoom(Turn turn, @Nullable String room) {
    Place member = room == null ? place() : memberOf(room);
    if (!member.in) {
      reply(turn, new Reply.Refused("Error: you are not in this room", member.room));
      return;
    }
    var _ =
        engine()
            .rooms()
            .status(member.room)
            .handle(
                (status, failure) ->
                    failure == null
                        ? new Reply.Viewed(status)
                        : new Reply.Refused(BrokerException.explained(failure), member.room))
            .thenAccept(reply -> tell(() -> reply(turn, reply)));
  }

  private void listen(Turn turn, String room, @Nullable Cursor after, @Nullable String token) {
    Place member = memberOf(room);
    if (member.listening) {
      reply(turn, new Reply.Refused("you are already listening to this room", room));
    } else if (listening().size() >= engine().config().limits().listeningRooms()) {
      engine().count(Refusal.LISTENS);
      reply(turn, new Reply.Refused("Error: you are listening to too many rooms", room));
    } else {
      admitted(
          turn,
          member,
          Permission.LISTEN,
          token,
          _ -> {
            member.listening = true;
            note(member);
            Shard there = engine().rooms().shard(room);
            there.tell(
                () -> there.room(room).listen(member, after, arrival -> hears(turn, arrival)));
          });
    }
  }

  private void silence(Turn turn, String room) {
    Place member = memberOf(room);
    if (!member.listening) {
      reply(turn, new Reply.Refused("you are not listening to this room", room));
      return;
    }
    unlisten(member, () -> reply(turn, new Reply.DoneIn(room)));
    note(member);
  }

  /** Answers who hears a room from now on, and then tells what was missed. */
  private void hears(Turn turn, Room.Arrival arrival) {
    send(turn, new Reply.Hears(arrival.heard()));
    tellMissed(arrival.missed());
    finished();
  }

  void tellMissed(Collection<StoredMessage> missed) {
    if (missed.isEmpty()) {
      return;
    }
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      missed.forEach(told -> wire().frame(told.json(), told.place(), buffer));
      write(buffer);
    } finally {
      buffer.release();
    }
  }

  private Details details() {
    return new Details(
        id(),
        connectedAt().toEpochMilli(),
        params(),
        place().room,
        rooms(),
        listening(),
        totalActions,
        pendingActions);
  }

  private Reply addParam(String key, String value) {
    if (params == null) {
      params = new Params();
    }
    if (params.add(key, value, engine().config().limits())) {
      return new Reply.Done();
    }
    engine().count(Refusal.PARAMS);
    return new Reply.Refused("Error: too many params, or too long ones");
  }

  private Map<String, String> params() {
    return params == null ? Map.of() : params.all();
  }

  private Reply refreshed(String token) {
    try {
      return refresh(token);
    } catch (RefusedException e) {
      return new Reply.Refused(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void expire(Place member) {
    whenDone(
        () -> {
          Grant grant = member.grant;
          if (grant != null && grant.until().toEpochMilli() <= shard().now()) {
            putOut(member, notice(member.room, "expired", null), Tokens.EXPIRED);
          }
        });
  }

  /** Runs something that changes its rooms once what is asked now is done. */
  private void whenDone(Runnable task) {
    if (underWay > 0 && !onlySaysUnderWay) {
      if (due == null) {
        due = new ArrayList<>(1);
      }
      due.add(task);
    } else {
      task.run();
    }
  }

  @Override
  public void putOut(Place member, Json notice, String reason) {
    whenDone(() -> goOut(member, notice, reason));
  }

  private void goOut(Place member, Json notice, String reason) {
    if (isGone() || !(member.in || member.listening)) {
      return;
    }
    String next = engine().config().general().defaultChatRoom();
    if (member == place() && detached) {
      giveUp(); // nobody is there to be told where they are
      return;
    }
    if (member == place() && (hearsOnly() || next.equals(member.room))) {
      expel(reason);
      return;
    }
    send(notice.encode());
    if (member.listening) {
      unlisten(member, () -> {});
    }
    if (member == place()) {
      moveOn(memberOf(next), reason);
    } else if (member.in) {
      leave(member, () -> {});
    }
    note(member);
  }

  /** Goes to the default room, since it may not stay in its own. */
  private void moveOn(Place member, String reason) {
    underWay++;
    onlySaysUnderWay = false;
    engine()
        .admission()
        .admit(
            member,
            Permission.JOIN,
            null,
            verdict -> {
              if (verdict.refusal() != null) {
                underWay--;
                expel(reason); // at once, whatever it has asked meanwhile
              } else if (ending || detached) {
                finished(); // it was lost while somebody was asked
                giveUp(); // and nobody is there to be told where they are
              } else {
                undisturbed(() -> changeRoom(member, null, _ -> finished()));
              }
            });
  }

  // --- lost, and back again --------------------------------------------------------------------

  private boolean mayComeBack() {
    return engine().sessions() != null
        && !hearsOnly()
        && dismissal == null
        && opened
        && engine().mayWaitForMore();
  }

  /** Stays in its rooms without hearing them, for a while. */
  private void detach(@Nullable Ending why) {
    detached = true;
    forgetWaiting();
    // Later, since whoever calls may be in the middle of telling it something.
    shard()
        .later(
            () -> {
              members()
                  .forEach(
                      member ->
                          engine().rooms().in(member.room, room -> room.detach(member), () -> {}));
              if (why != null) {
                sayLastWords(null, why);
              }
            });
    engine().waiting(1);
    shard().schedule(this::giveUp, engine().config().general().resumeWindow().toMillis());
  }

  /** Nobody has come back in time. */
  private void giveUp() {
    if (detached) {
      notDetached();
      engine().forget(this);
      leaveAll(() -> {});
    }
  }

  private void notDetached() {
    detached = false;
    engine().waiting(-1);
    ending = true;
    ended = true;
  }

  /** It is on its way back to who it was, or no longer. */
  void resumes(@Nullable Resumption now) {
    resuming = now;
  }

  /** Is from now on whoever had an id. */
  void become(String id, Handover was) {
    engine().forget(this);
    idHigh = HexFormat.fromHexDigitsToLong(id, 0, 16);
    idLow = HexFormat.fromHexDigitsToLong(id, 16, 32);
    params = was.params();
    inherit(was.attributes());
    lookForBan();
    if (was.connection() == null) {
      engine().connections().add(this);
    } else {
      engine().connections().replace(was.connection(), this);
    }
  }

  boolean isDetached() {
    return detached;
  }

  /** Answers who asked to be back that it is. */
  void isBack(Turn turn, List<Heard> heard) {
    send(turn, new Reply.Resumed(id(), String.valueOf(session()), place().room, heard));
  }

  /**
   * Gives up what it is, if that is still to be had. On its own loop.
   *
   * @param id who is asked for
   * @param next who it is to be from now on
   * @param then told what it was, or null; on any loop
   */
  void handOver(String id, ClientConnection next, Consumer<@Nullable Handover> then) {
    engine().admission().afterwards(this, () -> giveOver(id, next, then));
  }

  private void giveOver(String id, ClientConnection next, Consumer<@Nullable Handover> then) {
    if (resuming != null && resuming.takesOverBefore(() -> handOver(id, next, then))) {
      return;
    }
    if (heir != null && hasId(id)) {
      ClientConnection now = heir;
      now.tell(() -> now.handOver(id, next, then));
    } else if (!hasId(id) || (!detached && (ending || dismissal != null))) {
      then.accept(null);
    } else {
      giveUpItself();
      heir = next;
      List<Handover.Former> places =
          members().stream()
              .map(
                  each ->
                      new Handover.Former(
                          each.room, each.in, each.listening, each, null, each.grant))
              .toList();
      then.accept(new Handover(this, places, params, attributes(), known()));
    }
  }

  private void giveUpItself() {
    if (detached) {
      notDetached();
    } else {
      ending = true; // it was not seen to be lost yet
      forgetWaiting();
      shard().later(() -> sayGoodbye(null, Ending.RESUMED));
    }
  }

  /**
   * The same for another server. Its places here are gone then; that the rooms are not told of it
   * is up to the other server.
   *
   * @param then told what it was, or null; on any loop
   */
  public void handOverElsewhere(String id, Consumer<@Nullable Handover> then) {
    engine().admission().afterwards(this, () -> giveOverElsewhere(id, then));
  }

  private void giveOverElsewhere(String id, Consumer<@Nullable Handover> then) {
    if (resuming != null && resuming.takesOverBefore(() -> handOverElsewhere(id, then))) {
      return;
    }
    if (heir != null && hasId(id)) {
      ClientConnection now = heir;
      now.tell(() -> now.handOverElsewhere(id, then));
    } else if (!hasId(id) || (!detached && (ending || dismissal != null))) {
      then.accept(null);
    } else {
      giveUpItself();
      engine().forget(this);
      List<Place> all = members();
      var places = new Handover.Former[all.size()];
      var given =
          new Countdown(
              places.length,
              () ->
                  then.accept(new Handover(null, List.of(places), params, attributes(), known())));
      for (int i = 0; i < places.length; i++) {
        int at = i;
        surrender(
            all.get(i),
            place -> {
              places[at] = place;
              given.run();
            });
      }
    }
  }

  private void surrender(Place member, Consumer<Handover.Former> then) {
    boolean isIn = member.in;
    boolean isListening = member.listening;
    engine()
        .rooms()
        .in(
            member.room,
            room -> {
              Cursor known = room.surrender(member);
              tell(() -> then.accept(surrendered(member, isIn, isListening, known)));
            },
            () -> tell(() -> then.accept(surrendered(member, isIn, isListening, null))));
  }

  private static Handover.Former surrendered(
      Place member, boolean isIn, boolean isListening, @Nullable Cursor known) {
    return new Handover.Former(member.room, isIn, isListening, null, known, member.grant);
  }

  /** Whoever came back as this one was gone before they were it. */
  @Override
  public void leaveForGood() {
    engine().forget(this);
    leaveAll(() -> {});
  }

  // --- what goes out ---------------------------------------------------------------------------

  @Override
  public void deliver(ByteBuf bytes, int offset, int length) {
    if (ended || detached || behind) {
      return;
    }
    if (resuming != null && resuming.holds()) {
      if (resuming.hold(bytes, offset, length) > engine().config().limits().outboundBytes()) {
        cutOff();
      }
      return;
    }
    try {
      outbound.write(bytes, offset, length);
      int pending = outbound.pendingBytes();
      if (pending > 0 && pending > engine().config().limits().outboundBytes()) {
        LOG.log(Level.DEBUG, () -> this + " does not read, and is cut off");
        fallBehind();
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

  void reply(Turn turn, Reply reply) {
    send(turn, reply);
    finished();
  }

  void send(Turn turn, Reply reply) {
    send(encoded(turn, reply));
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public void dismiss(Ending why) {
    if (why.equals(Ending.IDLE) && dismissal == null && !isEnded()) {
      engine().count(Refusal.IDLE);
    }
    if (detached) {
      giveUp();
    } else if (why.equals(Ending.IDLE) && mayComeBack()) {
      lost(why);
    } else if (dismissal == null) {
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
    if (ending || detached) {
      return;
    }
    ending = true;
    forgetWaiting();
    shard().later(() -> leaveAll(() -> sayGoodbye(lastWords, why)));
  }

  @Override
  public void expel(String reason) {
    if (detached) {
      giveUp();
    } else {
      depart(new Reply.Bye(reason, null).toJson(0, null), new Ending(POLICY_VIOLATION, reason));
    }
  }

  private void sayGoodbye(@Nullable Json lastWords, Ending why) {
    if (!ended) {
      ended = true;
      forgetThis();
      sayLastWords(lastWords, why);
    }
  }

  private void sayLastWords(@Nullable Json lastWords, Ending why) {
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer();
    try {
      if (lastWords != null) {
        wire().frame(lastWords.encode(), null, buffer);
      }
      wire().end(why, buffer);
      if (buffer.isReadable()) {
        outbound.write(buffer, 0, buffer.readableBytes());
      }
    } finally {
      buffer.release();
    }
    outbound.finish();
  }

  /**
   * Ends a connection whose client does not read. Should it read again, it finds an unbroken
   * stretch of what it was told, and then what to do about the rest.
   */
  private void fallBehind() {
    behind = true;
    shard().countCutOff();
    if (ending) {
      cutOff(); // not even its goodbye is read
    } else if (mayComeBack()) {
      detach(Ending.BEHIND);
    } else {
      depart(new Reply.Bye(Ending.BEHIND.reason(), null).toJson(0, null), Ending.BEHIND);
    }
  }

  @Override
  public boolean isBehind() {
    return outbound.pendingBytes() > MAX_UNREAD;
  }

  @Override
  public Lag newLag(Member member) {
    lags = true;
    member.lag = new Lag(member.room, engine().config().limits().outboundBytes() / 2);
    return member.lag;
  }

  @Override
  public void catchUp(Member member) {
    Lag lag = member.lag;
    if (lag == null) {
      return;
    }
    member.lag = null;
    Json.Obj notice = lag.notice();
    if (notice != null) {
      send(notice.encode());
    }
    tellMissed(lag.kept());
  }

  /** Ends a connection that is of no use, without another word. */
  private void cutOff() {
    outbound.close();
    gone();
  }

  @Override
  public void gone() {
    if (ended || detached) {
      return;
    }
    if (!ending && mayComeBack()) {
      detach(null);
      return;
    }
    ended = true;
    forgetThis();
    if (!ending) {
      ending = true;
      forgetWaiting();
      shard().later(() -> leaveAll(() -> {}));
    }
  }

  /** It is to be found no more; unless it has an heir, who is found by it until they are there. */
  private void forgetThis() {
    if (heir == null) {
      engine().forget(this);
    }
  }

  private void forgetWaiting() {
    if (waiting != null) {
      waiting.clear();
    }
  }

  @Override
  public boolean isGone() {
    return ending;
  }

  @Override
  public void close(String reason) {
    tell(() -> dismiss(new Ending(1000, reason)));
  }
}
