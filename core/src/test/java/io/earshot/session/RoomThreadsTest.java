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
 * generates the calls of each thread, runs them concurrently many times, and checks that all
 * answers, and all messages that the clients received, could have come from the same calls one
 * after the other to a room for one thread.
 */
@Tag("alone") // its threads wait for each other, and would wait for those of other tests as well
final class RoomThreadsTest {
  /** How many times longer to search than in an ordinary run; see {@code core/linger}. */
  private static final int FACTOR = Integer.getInteger("earshot.lincheck", 1);

  @Test
  void concurrent_calls_in_a_room_have_one_order() {
    new StressOptions()
        .threads(SharedRoom.CLIENTS)
        .actorsPerThread(3)
        .actorsBefore(0)
        .actorsAfter(3)
        .iterations(FACTOR)
        .invocationsPerIteration(30)
        .minimizeFailedScenario(
            false) // the state that a fault leaves in the server would mislead it
        .sequentialSpecification(SequentialRoom.class)
        .check(SharedRoom.class);
  }

  /** The expected behavior of a room, for one thread: it is forgotten when it has no members. */
  public static final class SequentialRoom {
    private final boolean[] present = new boolean[SharedRoom.CLIENTS];
    private final List<List<Integer>> heard = new ArrayList<>();
    private int offset;

    /** A room without members. */
    public SequentialRoom() {
      for (int i = 0; i < present.length; i++) {
        heard.add(List.of());
      }
    }

    private int tell(int except) {
      offset++;
      for (int i = 0; i < present.length; i++) {
        if (present[i] && i != except) {
          var longer = new ArrayList<>(heard.get(i));
          longer.add(offset);
          heard.set(i, longer);
        }
      }
      return offset;
    }

    public int join(int thread) {
      int me = SharedRoom.client(thread);
      if (present[me]) {
        return SharedRoom.REFUSED;
      }
      int place = tell(me);
      present[me] = true;
      return place;
    }

    public boolean leave(int thread) {
      int me = SharedRoom.client(thread);
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
      int me = SharedRoom.client(thread);
      return present[me] ? tell(me) : SharedRoom.REFUSED;
    }

    public List<Integer> quit(int thread) {
      int me = SharedRoom.client(thread);
      var _ = leave(me);
      List<Integer> heardBy = heard.get(me);
      heard.set(me, List.of());
      return heardBy;
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
      return heard.get(whom);
    }
  }

  /** The room of a server. Each call waits until it is done. */
  @Param(name = "whom", gen = IntGen.class, conf = "0:2")
  public static final class SharedRoom {
    static final int CLIENTS = 3;
    static final int REFUSED = -1;

    private static final List<ThreadLoop> LOOPS =
        List.of(ThreadLoop.started(), ThreadLoop.started());
    private static final Engine EARSHOT =
        new Engine(
            Config.defaults().with("rooms.historyMessages", 0).with("general.repeatWindow", "0s"),
            LOOPS,
            () -> TestServer.NOW);
    private static final AtomicInteger ROOMS = new AtomicInteger();

    /** Chooses the loops and wires of the clients, and the loop of the room. */
    private final int number = ROOMS.incrementAndGet();

    private final String room = "room " + number;
    private final Shard there = EngineInside.rooms(EARSHOT).shard(room);
    private final AtomicReferenceArray<@Nullable Client> clients =
        new AtomicReferenceArray<>(CLIENTS);
    private final Map<String, Integer> clientsById = new ConcurrentHashMap<>();

    static int client(int thread) {
      return thread % CLIENTS;
    }

    // --- calls of a client, each client in its own thread ----------------------------------------

    @Operation
    public int join(@Param(gen = ThreadIdGen.class) int thread) {
      int me = client(thread);
      Client client = connected(me);
      String answer = client == null ? null : client.ask(new Command.AddRoom(room, null, null));
      return offset(answer == null ? connect(me) : answer);
    }

    private String connect(int me) {
      var client = new Client(LOOPS.get(number >> me & 1), lines(number >> (CLIENTS + me) & 1));
      clients.set(me, client);
      client.loop.execute(
          () -> {
            client.intake =
                EARSHOT.connect(client.loop, client, client.wire, Transport.TCP, room, null, null);
            String id = ((ClientConnection) client.intake).id();
            clientsById.put(id, me);
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
      Client client = connected(client(thread));
      String answer = client == null ? null : client.ask(new Command.LeaveRoom(room));
      if (client == null || answer == null || answer.contains("\"error\"")) {
        return false;
      }
      // A client that leaves its current room is answered by the default room, possibly before it
      // has left this one.
      var out = new CompletableFuture<Boolean>();
      client.loop.execute(() -> there.tell(() -> out.complete(true)));
      return await(out);
    }

    @Operation
    public int say(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(client(thread));
      String answer =
          client == null ? null : client.ask(new Command.Say(room, Json.of("hello"), null));
      return offset(answer);
    }

    /** Quits, and returns the messages that the client has received. */
    @Operation
    public List<Integer> quit(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(client(thread));
      String answer = client == null ? null : client.ask(new Command.Quit());
      if (client == null || answer == null) {
        return List.of();
      }
      await(client.over);
      return client.heard;
    }

    /** Breaks the connection. */
    @Operation
    public void disconnect(@Param(gen = ThreadIdGen.class) int thread) {
      Client client = connected(client(thread));
      if (client != null) {
        disconnect(client);
      }
    }

    private void disconnect(Client client) {
      client.loop.execute(
          () -> {
            requireNonNull(client.intake).gone();
            // The connection leaves its rooms in another task.
            client.loop.execute(() -> there.tell(() -> client.completeOver()));
          });
      await(client.over);
    }

    // --- calls of server code, in any thread -----------------------------------------------------

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
          .map(this::clientOf)
          .sorted()
          .toList();
    }

    private int clientOf(String id) {
      Integer client = clientsById.get(id);
      while (client == null) {
        Thread.onSpinWait(); // it joined only now
        client = clientsById.get(id);
      }
      return client;
    }

    /** The messages of a connected client, after all earlier messages have arrived. */
    @Operation
    public List<Integer> heard(@Param(name = "whom") int whom) {
      Client client = connected(whom);
      if (client == null) {
        return List.of();
      }
      var heard = new CompletableFuture<@Nullable List<Integer>>();
      there.later(
          () ->
              client.loop.execute( // after the room's earlier messages
                  () ->
                      client.loop.execute( // after those are written
                          () ->
                              heard.complete(
                                  client.isEnding() ? null : List.copyOf(client.heard)))));
      List<Integer> heardBy = await(heard);
      if (heardBy != null) {
        return heardBy;
      }
      await(client.over);
      return List.of();
    }

    private @Nullable Client connected(int whom) {
      Client client = clients.get(whom);
      return client == null || client.over.isDone() ? null : client;
    }

    // --- after all calls -------------------------------------------------------------------------

    @Validate
    public void nothing_is_left_of_connections_that_have_ended() {
      for (int i = 0; i < CLIENTS; i++) {
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
    return offset.find() ? Integer.parseInt(offset.group(1)) : SharedRoom.REFUSED;
  }

  private static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not answered", e);
    }
  }

  /** One connection. Owned by its loop, except for fields that are volatile or futures. */
  private static final class Client implements Outbound {
    private static final String ENDED = "gone";

    final ThreadLoop loop;
    final Wire wire;
    final CompletableFuture<@Nullable String> id = new CompletableFuture<>();
    final CompletableFuture<String> welcome = new CompletableFuture<>();

    /** Completed when the connection has left all rooms. */
    final CompletableFuture<Void> over = new CompletableFuture<>();

    /** The offsets of the messages that the client has received in the room. */
    final List<Integer> heard = new ArrayList<>();

    private final StringBuilder partial = new StringBuilder();
    private final Map<String, CompletableFuture<String>> unanswered = new HashMap<>();
    private int requests;
    @Nullable Intake intake;

    Client(ThreadLoop loop, Wire wire) {
      this.loop = loop;
      this.wire = wire;
    }

    /**
     * Sends a request and waits for the answer.
     *
     * @return null if the connection has ended; if it was ending, this waits for the end
     */
    @Nullable String ask(Command command) {
      var answer = new CompletableFuture<String>();
      loop.execute(
          () -> {
            if (isEnding()) {
              answer.complete(ENDED);
            } else {
              String number = Integer.toString(++requests);
              unanswered.put(number, answer);
              requireNonNull(intake).handle(new Request(command, Json.of(number)));
            }
          });
      String answered = await(answer);
      if (answered.equals(ENDED) || answered.contains("this connection is ending")) {
        await(over);
        return null;
      }
      return answered;
    }

    boolean isEnding() {
      return intake != null && intake.isEnded();
    }

    void completeOver() {
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
        unanswered
            .entrySet()
            .removeIf(
                request ->
                    line.contains("\"messageId\":\"" + request.getKey() + "\"")
                        && request.getValue().complete(line));
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
      completeOver();
    }

    @Override
    public void close() {}
  }
}
