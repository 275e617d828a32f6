package io.earshot.session;

import static io.earshot.session.ThreadClient.REFUSED;
import static io.earshot.session.ThreadClient.await;
import static io.earshot.session.ThreadClient.offset;
import static java.util.Objects.requireNonNull;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.engine.Engine;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.room.Shard;
import io.earshot.spi.Clocks;
import io.earshot.spi.ConnectRequest;
import io.earshot.stats.Gauge;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Lines;
import io.earshot.testing.ThreadLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
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
        .invocationsPerIteration(15)
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
        return REFUSED;
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
      return present[me] ? tell(me) : REFUSED;
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

    private static final List<ThreadLoop> LOOPS =
        List.of(ThreadLoop.started(), ThreadLoop.started());
    private static final Engine EARSHOT =
        new Engine(
            Config.defaults()
                .with("rooms.historyMessages", 0)
                .with("rooms.announceAfter", "0s")
                .with("general.repeatWindow", "0s"),
            LOOPS,
            new Clocks(() -> TestServer.NOW, () -> 0));
    private static final AtomicInteger ROOMS = new AtomicInteger();

    /** Chooses the loops and wires of the clients, and the loop of the room. */
    private final int number = ROOMS.incrementAndGet();

    private final String room = "room " + number;
    private final Shard there = EngineInside.rooms(EARSHOT).shard(room);
    private final AtomicReferenceArray<@Nullable ThreadClient> clients =
        new AtomicReferenceArray<>(CLIENTS);
    private final Map<String, Integer> clientsById = new ConcurrentHashMap<>();

    static int client(int thread) {
      return thread % CLIENTS;
    }

    // --- calls of a client, each client in its own thread ----------------------------------------

    @Operation
    public int join(@Param(gen = ThreadIdGen.class) int thread) {
      int me = client(thread);
      ThreadClient client = connected(me);
      String answer =
          client == null ? null : client.ask(new Command.AddRoom(room, Start.LIVE, null));
      return offset(answer == null ? connect(me) : answer);
    }

    private String connect(int me) {
      var client =
          new ThreadClient(LOOPS.get(number >> me & 1), lines(number >> (CLIENTS + me) & 1));
      clients.set(me, client);
      client.loop.execute(
          () -> {
            client.intake =
                EARSHOT.connect(
                    client.loop,
                    client,
                    client.wire,
                    Transport.TCP,
                    room,
                    Start.LIVE,
                    null,
                    ConnectRequest.NONE);
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
      ThreadClient client = connected(client(thread));
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
      ThreadClient client = connected(client(thread));
      String answer =
          client == null ? null : client.ask(new Command.Say(room, Json.of("hello"), null));
      return offset(answer);
    }

    /** Quits, and returns the messages that the client has received. */
    @Operation
    public List<Integer> quit(@Param(gen = ThreadIdGen.class) int thread) {
      ThreadClient client = connected(client(thread));
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
      ThreadClient client = connected(client(thread));
      if (client != null) {
        disconnect(client);
      }
    }

    private void disconnect(ThreadClient client) {
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
      ThreadClient client = connected(whom);
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
      ThreadClient client = connected(whom);
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

    private @Nullable ThreadClient connected(int whom) {
      ThreadClient client = clients.get(whom);
      return client == null || client.over.isDone() ? null : client;
    }

    // --- after all calls -------------------------------------------------------------------------

    @Validate
    public void nothing_is_left_of_connections_that_have_ended() {
      for (int i = 0; i < CLIENTS; i++) {
        ThreadClient client = connected(i);
        if (client != null) {
          disconnect(client);
        }
      }
      check(EngineInside.connections(EARSHOT).size(), 0, "connections");
      for (Shard shard : EngineInside.rooms(EARSHOT).shards()) {
        var rooms = new CompletableFuture<Integer>();
        shard.later(() -> rooms.complete((int) shard.stats().get(Gauge.ROOMS)));
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
}
