package io.earshot.session;

import static java.util.Objects.requireNonNull;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Request;
import io.earshot.room.Shard;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Lines;
import io.earshot.testing.ThreadLoop;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A room whose loops are threads, with clients and server code that are threads as well. Lincheck
 * makes up what each of them does, lets them do it at once, again and again, and looks whether all
 * that they were answered, and all that they heard, is what they could have been told one after the
 * other by a room of thirty lines.
 */
@Tag("alone") // its threads wait for each other, and would wait for others as well
final class RoomThreadsTest {
  /** How much longer to look than in the ordinary run; see {@code core/linger}. */
  private static final int FACTOR = Integer.getInteger("earshot.lincheck", 1);

  @Test
  void what_threads_do_in_a_room_at_once_has_one_order() {
    new StressOptions()
        .threads(Meeting.PEOPLE)
        .actorsPerThread(3)
        .actorsBefore(0)
        .actorsAfter(3)
        .iterations(FACTOR)
        .invocationsPerIteration(30)
        .minimizeFailedScenario(false) // what a fault has left in the server would mislead it
        .sequentialSpecification(Minutes.class)
        .check(Meeting.class);
  }

  /** The room as it is to be, for one thread: it is forgotten when nobody is in it. */
  public static final class Minutes {
    private final boolean[] present = new boolean[Meeting.PEOPLE];
    private final List<List<Integer>> tapes = new ArrayList<>();
    private int offset;

    /** A room that nobody is in. */
    public Minutes() {
      for (int i = 0; i < present.length; i++) {
        tapes.add(List.of());
      }
    }

    private int tell(int except) {
      offset++;
      for (int i = 0; i < present.length; i++) {
        if (present[i] && i != except) {
          var longer = new ArrayList<>(tapes.get(i));
          longer.add(offset);
          tapes.set(i, longer);
        }
      }
      return offset;
    }

    public int join(int thread) {
      int me = Meeting.person(thread);
      if (present[me]) {
        return Meeting.REFUSED;
      }
      int place = tell(me);
      present[me] = true;
      return place;
    }

    public boolean leave(int thread) {
      int me = Meeting.person(thread);
      boolean leaves = present[me];
      if (leaves) {
        present[me] = false;
        tell(me);
        if (members().isEmpty()) {
          offset = 0;
        }
      }
      return leaves;
    }

    public int say(int thread) {
      int me = Meeting.person(thread);
      return present[me] ? tell(me) : Meeting.REFUSED;
    }

    public List<Integer> quit(int thread) {
      int me = Meeting.person(thread);
      var _ = leave(me);
      List<Integer> tape = tapes.get(me);
      tapes.set(me, List.of());
      return tape;
    }

    public void disconnect(int thread) {
      var _ = quit(thread);
    }

    public void kick(int whom) {
      var _ = quit(whom);
    }

    public void broadcast() {
      if (!members().isEmpty()) {
        var _ = tell(-1);
      }
    }

    public List<Integer> members() {
      var members = new ArrayList<Integer>();
      for (int i = 0; i < present.length; i++) {
        if (present[i]) {
          members.add(i);
        }
      }
      return members;
    }

    public List<Integer> heard(int whom) {
      return tapes.get(whom);
    }
  }

  /** The room as it is. Who calls waits until what they asked for is done. */
  @Param(name = "whom", gen = IntGen.class, conf = "0:2")
  public static final class Meeting {
    static final int PEOPLE = 3;
    static final int REFUSED = -1;

    private static final List<ThreadLoop> LOOPS =
        List.of(ThreadLoop.started(), ThreadLoop.started());
    private static final Engine EARSHOT =
        new Engine(
            Config.defaults().with("rooms.historyMessages", 0).with("general.repeatWindow", "0s"),
            LOOPS,
            () -> TestServer.NOW);
    private static final AtomicInteger MEETINGS = new AtomicInteger();

    /** Which loops and wires people have is another thing in each meeting, and the room's loop. */
    private final int number = MEETINGS.incrementAndGet();

    private final String room = "room " + number;
    private final Shard there = EngineInside.rooms(EARSHOT).shard(room);
    private final AtomicReferenceArray<@Nullable Client> clients =
        new AtomicReferenceArray<>(PEOPLE);
    private final Map<String, Integer> people = new ConcurrentHashMap<>();

    static int person(int thread) {
      return thread % PEOPLE;
    }

    // --- what a client does, in its own thread ---------------------------------------------------

    @Operation
    public int join(@Param(gen = ThreadIdGen.class) int thread) {
      int me = person(thread);
      Client client = connected(me);
      String answer = client == null ? null : client.ask(new Command.AddRoom(room, null, null));
      return offset(answer == null ? connect(me) : answer);
    }

    private String connect(int me) {
      var client = new Client(LOOPS.get(number >> me & 1), lines(number >> (PEOPLE + me) & 1));
      clients.set(me, client);
      client.loop.execute(
          () -> {
            client.intake =
                EARSHOT.connect(client.loop, client, client.wire, Transport.TCP, room, null, null);
            String id = ((ClientConnection) client.intake).id();
            people.put(id, me);
            client.id.complete(id);
          });
      await(client.id);
      return await(client.welcome);
    }

    private static Lines lines(int which) {
      return which == 0 ? Lines.ONE : Lines.TWO;
    }

    @Operation
    public boolean leave(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(person(thread));
      String answer = client == null ? null : client.ask(new Command.LeaveRoom(room));
      if (client == null || answer == null || answer.contains("\"error\"")) {
        return false;
      }
      // Who leaves their current room is answered by the one that they are in then, which may be
      // sooner than they are out of this one.
      var out = new CompletableFuture<Boolean>();
      client.loop.execute(() -> there.tell(() -> out.complete(true)));
      return await(out);
    }

    @Operation
    public int say(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(person(thread));
      String answer =
          client == null ? null : client.ask(new Command.Say(room, Json.of("hello"), null));
      return offset(answer);
    }

    /** Says goodbye; gives what it has heard. */
    @Operation
    public List<Integer> quit(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(person(thread));
      String answer = client == null ? null : client.ask(new Command.Quit());
      if (client == null || answer == null) {
        return List.of();
      }
      await(client.over);
      return client.heard;
    }

    /** Is lost without a word. */
    @Operation
    public void disconnect(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(person(thread));
      if (client != null) {
        disconnect(client);
      }
    }

    private void disconnect(Client client) {
      client.loop.execute(
          () -> {
            requireNonNull(client.intake).gone();
            // It leaves in a task of its own.
            client.loop.execute(() -> there.tell(() -> client.isOver()));
          });
      await(client.over);
    }

    // --- what server code does, in any thread ----------------------------------------------------

    @Operation
    public void kick(@Param(name = "whom") int whom) {
      Client client = connected(whom);
      String id = client == null ? null : client.id.getNow(null);
      if (client != null && id != null) {
        EARSHOT.api().connection(id).ifPresent(connection -> connection.close("enough"));
        await(client.over);
      }
    }

    @Operation
    public void broadcast() {
      await(EARSHOT.api().chatRoom().socketRoomBroadcast(StandIn.in(room), "hear, hear"));
    }

    @Operation
    public List<Integer> members() {
      return await(EARSHOT.api().chatRoom().socketRoomStatus(room)).members().stream()
          .map(this::personOf)
          .sorted()
          .toList();
    }

    private int personOf(String id) {
      Integer person = people.get(id);
      while (person == null) {
        Thread.onSpinWait(); // it came in only now
        person = people.get(id);
      }
      return person;
    }

    /** What somebody has heard who is still connected, once all is there that was told before. */
    @Operation
    public List<Integer> heard(@Param(name = "whom") int whom) {
      Client client = connected(whom);
      if (client == null) {
        return List.of();
      }
      var heard = new CompletableFuture<@Nullable List<Integer>>();
      there.later(
          () ->
              client.loop.execute( // after what the room had told before
                  () ->
                      client.loop.execute( // after that is written
                          () ->
                              heard.complete(
                                  client.isEnding() ? null : List.copyOf(client.heard)))));
      List<Integer> tape = await(heard);
      if (tape != null) {
        return tape;
      }
      await(client.over);
      return List.of();
    }

    private @Nullable Client connected(int whom) {
      Client client = clients.get(whom);
      return client == null || client.over.isDone() ? null : client;
    }

    // --- when all have done what they had to do --------------------------------------------------

    @Validate
    public void nothing_is_left_of_who_has_gone() {
      for (int i = 0; i < PEOPLE; i++) {
        Client client = connected(i);
        if (client != null) {
          disconnect(client);
        }
      }
      check(EngineInside.connections(EARSHOT).size(), 0, "connections");
      for (Shard shard : EngineInside.rooms(EARSHOT).shards()) {
        var rooms = new CompletableFuture<Integer>();
        shard.later(() -> rooms.complete(shard.roomCount()));
        check(await(rooms), 0, "rooms");
      }
      for (ThreadLoop loop : LOOPS) {
        if (loop.failure() != null) {
          throw new IllegalStateException("a task failed", loop.failure());
        }
      }
    }

    private static void check(int actual, int expected, String of) {
      if (actual != expected) {
        throw new IllegalStateException(actual + " " + of + " are left");
      }
    }
  }

  private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");

  private static int offset(@Nullable String answer) {
    Matcher offset = OFFSET.matcher(answer == null ? "" : answer);
    return offset.find() ? Integer.parseInt(offset.group(1)) : Meeting.REFUSED;
  }

  private static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not answered", e);
    }
  }

  /** One connection. Owned by its loop, but for what is volatile or a future. */
  private static final class Client implements Outbound {
    private static final String GONE = "gone";

    final ThreadLoop loop;
    final Wire wire;
    final CompletableFuture<@Nullable String> id = new CompletableFuture<>();
    final CompletableFuture<String> welcome = new CompletableFuture<>();

    /** Completed once no room knows it any more. */
    final CompletableFuture<Void> over = new CompletableFuture<>();

    /** The places of what it has heard in the room. */
    final List<Integer> heard = new ArrayList<>();

    private final StringBuilder partial = new StringBuilder();
    private final Map<String, CompletableFuture<String>> asked = new HashMap<>();
    private int questions;
    @Nullable Intake intake;

    Client(ThreadLoop loop, Wire wire) {
      this.loop = loop;
      this.wire = wire;
    }

    /** Asks, and waits for the answer; null if it is over, or soon is and this waited for it. */
    @Nullable String ask(Command command) {
      var answer = new CompletableFuture<String>();
      loop.execute(
          () -> {
            if (isEnding()) {
              answer.complete(GONE);
            } else {
              String number = Integer.toString(++questions);
              asked.put(number, answer);
              requireNonNull(intake).handle(new Request(command, Json.of(number)));
            }
          });
      String answered = await(answer);
      if (answered.equals(GONE) || answered.contains("this connection is ending")) {
        await(over);
        return null;
      }
      return answered;
    }

    boolean isEnding() {
      return intake != null && intake.isEnded();
    }

    void isOver() {
      over.complete(null);
    }

    @Override
    public void write(ByteBuf batch, int offset, int length) {
      partial.append(batch.toString(offset, length, StandardCharsets.UTF_8));
      for (int end = partial.indexOf("\n"); end >= 0; end = partial.indexOf("\n")) {
        hear(partial.substring(0, end));
        partial.delete(0, end + 1);
      }
    }

    private void hear(String line) {
      if (line.contains("\"context\":\"user\"")) {
        if (line.contains("\"room\":\"room ")) {
          heard.add(offset(line));
        }
      } else if (line.contains("\"welcome\"")) {
        welcome.complete(line);
      } else {
        asked
            .entrySet()
            .removeIf(
                question ->
                    line.contains("\"messageId\":\"" + question.getKey() + "\"")
                        && question.getValue().complete(line));
      }
    }

    @Override
    public SocketAddress remoteAddress() {
      return new InetSocketAddress(0);
    }

    @Override
    public int pendingBytes() {
      return 0;
    }

    @Override
    public void resume() {}

    @Override
    public void finish() {
      isOver();
    }

    @Override
    public void close() {}
  }
}
