package io.earshot.connection;

import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.session.ClientConnection;
import io.earshot.spi.Outbound;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Lines;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Options;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.StringGen;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The state that several threads change at once. Lincheck generates the calls of each thread,
 * decides at which reads and writes it switches between threads, and checks that the results could
 * have been those of the same calls one after the other.
 */
@Tag("alone") // its threads wait for each other, and would wait for those of other tests as well
final class SharedStateTest {
  /** How many times longer to search than in an ordinary run; see {@code core/linger}. */
  private static final int FACTOR = Integer.getInteger("earshot.lincheck", 1);

  @Test
  void threads_that_add_remove_and_find_connections_see_one_directory() {
    check(SharedDirectory.class, SequentialDirectory.class);
  }

  @Test
  void attributes_that_several_threads_set_at_once_are_all_kept() {
    check(SharedAttributes.class, SequentialAttributes.class);
  }

  private static void check(Class<?> shared, Class<?> sequential) {
    configured(
            new ModelCheckingOptions().iterations(2 + FACTOR).invocationsPerIteration(20),
            sequential)
        .check(shared);
    if (FACTOR > 1) {
      configured(
              new StressOptions().iterations(5 * FACTOR).invocationsPerIteration(200), sequential)
          .check(shared);
    }
  }

  private static <T extends Options<T, ?>> T configured(T options, Class<?> sequential) {
    return options
        .threads(3)
        .actorsPerThread(4)
        .actorsBefore(0)
        .actorsAfter(3)
        .sequentialSpecification(sequential);
  }

  /** A directory with connections that have the same first slot, enough to make it grow. */
  @Param(name = "whom", gen = IntGen.class, conf = "0:2")
  public static final class SharedDirectory {
    private static final int OWNERS = 3;
    private static final List<Participant> FIRST = connections(0, OWNERS);
    private static final List<Participant> AGAIN = connections(0, OWNERS);
    private static final List<Participant> OTHERS = connections(OWNERS, 7);

    private final Directory directory = new Directory();
    private final @Nullable Participant[] present = new Participant[OWNERS];

    public SharedDirectory() {
      OTHERS.forEach(directory::add);
    }

    private static List<Participant> connections(int from, int count) {
      var connections = new ArrayList<Participant>();
      for (int i = from; i < from + count; i++) {
        connections.add(connection(i));
      }
      return connections;
    }

    @Operation
    public boolean add(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      if (present[me] != null) {
        return false;
      }
      present[me] = FIRST.get(me);
      directory.add(FIRST.get(me));
      return true;
    }

    @Operation
    public boolean replace(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      Participant before = present[me];
      if (before == null) {
        return false;
      }
      Participant now = before == FIRST.get(me) ? AGAIN.get(me) : FIRST.get(me);
      present[me] = now;
      directory.replace(before, now);
      return true;
    }

    @Operation
    public boolean remove(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      Participant gone = present[me];
      if (gone == null) {
        return false;
      }
      present[me] = null;
      directory.remove(gone);
      return true;
    }

    @Operation
    public boolean find(@Param(name = "whom") int whom) {
      return directory.find(FIRST.get(whom).id()) != null;
    }

    @Operation
    public int size() {
      return directory.size();
    }

    @Operation
    public int count() {
      return directory.all().size();
    }
  }

  /** The expected behavior of the directory, for one thread. */
  public static final class SequentialDirectory {
    private final boolean[] present = new boolean[SharedDirectory.OWNERS];

    public boolean add(int thread) {
      int me = thread % present.length;
      boolean isNew = !present[me];
      present[me] = true;
      return isNew;
    }

    public boolean replace(int thread) {
      return present[thread % present.length];
    }

    public boolean remove(int thread) {
      int me = thread % present.length;
      boolean wasPresent = present[me];
      present[me] = false;
      return wasPresent;
    }

    public boolean find(int whom) {
      return present[whom];
    }

    public int size() {
      int size = SharedDirectory.OTHERS.size();
      for (boolean each : present) {
        size += each ? 1 : 0;
      }
      return size;
    }

    public int count() {
      return size();
    }
  }

  /** The attributes of one connection. */
  @Param(name = "name", gen = StringGen.class, conf = "1:ab")
  @Param(name = "value", gen = IntGen.class, conf = "1:9")
  public static final class SharedAttributes {
    private final Participant connection = connection(1);

    @Operation
    public void set(@Param(name = "name") String name, @Param(name = "value") int value) {
      connection.set(name, Integer.toString(value));
    }

    @Operation
    public void unset(@Param(name = "name") String name) {
      connection.set(name, null);
    }

    @Operation
    public String all() {
      return new TreeMap<>(connection.attributes()).toString();
    }
  }

  /** The expected behavior of the attributes, for one thread. */
  public static final class SequentialAttributes {
    private final Map<String, String> map = new TreeMap<>();

    public void set(String name, int value) {
      map.put(name, Integer.toString(value));
    }

    public void unset(String name) {
      map.remove(name);
    }

    public String all() {
      return map.toString();
    }
  }

  private static final LoopContext CONTEXT =
      EngineInside.loopContexts(new TestServer().earshot).getFirst();

  /** A connection whose slot is the same as all others', however long the directory is. */
  private static Participant connection(int number) {
    return new ClientConnection(
        CONTEXT, new DiscardedOutput(), Lines.ONE, (long) number << 52, 0, Transport.TCP, "room");
  }

  private static final class DiscardedOutput implements Outbound {
    @Override
    public SocketAddress remoteAddress() {
      return new InetSocketAddress(0);
    }

    @Override
    public void write(ByteBuf batch, int offset, int length) {}

    @Override
    public int pendingBytes() {
      return 0;
    }

    @Override
    public void resume() {}

    @Override
    public void finish() {}

    @Override
    public void close() {}
  }
}
