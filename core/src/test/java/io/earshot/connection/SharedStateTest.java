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
 * The few things that several threads change at once. Lincheck makes up what each of them does and
 * decides between which two reads or writes one stops and another one goes on, and looks whether
 * what all of them were answered is what they could have been answered one after the other.
 */
@Tag("alone") // its threads wait for each other, and would wait for others as well
final class SharedStateTest {
  /** How much longer to look than in the ordinary run; see {@code core/linger}. */
  private static final int FACTOR = Integer.getInteger("earshot.lincheck", 1);

  @Test
  void who_comes_goes_or_is_looked_for_sees_one_directory() {
    check(People.class, ListOfPeople.class);
  }

  @Test
  void attributes_that_are_set_at_once_are_all_there() {
    check(Attributes.class, MapOfAttributes.class);
  }

  private static void check(Class<?> shared, Class<?> forOneThread) {
    asTold(
            new ModelCheckingOptions().iterations(2 + FACTOR).invocationsPerIteration(20),
            forOneThread)
        .check(shared);
    if (FACTOR > 1) {
      asTold(new StressOptions().iterations(5 * FACTOR).invocationsPerIteration(200), forOneThread)
          .check(shared);
    }
  }

  private static <T extends Options<T, ?>> T asTold(T options, Class<?> forOneThread) {
    return options
        .threads(3)
        .actorsPerThread(4)
        .actorsBefore(0)
        .actorsAfter(3)
        .sequentialSpecification(forOneThread);
  }

  /** The directory, with people whose first slot is the same, and so many that it grows. */
  @Param(name = "whom", gen = IntGen.class, conf = "0:2")
  public static final class People {
    private static final int OWNERS = 3;
    private static final List<Participant> FIRST = people(0, OWNERS);
    private static final List<Participant> AGAIN = people(0, OWNERS);
    private static final List<Participant> OTHERS = people(OWNERS, 7);

    private final Directory directory = new Directory();
    private final @Nullable Participant[] here = new Participant[OWNERS];

    public People() {
      OTHERS.forEach(directory::add);
    }

    private static List<Participant> people(int from, int count) {
      var people = new ArrayList<Participant>();
      for (int i = from; i < from + count; i++) {
        people.add(person(i));
      }
      return people;
    }

    @Operation
    public boolean come(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      if (here[me] != null) {
        return false;
      }
      here[me] = FIRST.get(me);
      directory.add(FIRST.get(me));
      return true;
    }

    @Operation
    public boolean comeBack(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      Participant before = here[me];
      if (before == null) {
        return false;
      }
      Participant now = before == FIRST.get(me) ? AGAIN.get(me) : FIRST.get(me);
      here[me] = now;
      directory.replace(before, now);
      return true;
    }

    @Operation
    public boolean go(@Param(gen = ThreadIdGen.class) int thread) {
      int me = thread % OWNERS;
      Participant gone = here[me];
      if (gone == null) {
        return false;
      }
      here[me] = null;
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

  /** What the directory is to be like, for one thread. */
  public static final class ListOfPeople {
    private final boolean[] here = new boolean[People.OWNERS];

    public boolean come(int thread) {
      int me = thread % here.length;
      boolean comes = !here[me];
      here[me] = true;
      return comes;
    }

    public boolean comeBack(int thread) {
      return here[thread % here.length];
    }

    public boolean go(int thread) {
      int me = thread % here.length;
      boolean goes = here[me];
      here[me] = false;
      return goes;
    }

    public boolean find(int whom) {
      return here[whom];
    }

    public int size() {
      int size = People.OTHERS.size();
      for (boolean each : here) {
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
  public static final class Attributes {
    private final Participant person = person(1);

    @Operation
    public void set(@Param(name = "name") String name, @Param(name = "value") int value) {
      person.set(name, Integer.toString(value));
    }

    @Operation
    public void unset(@Param(name = "name") String name) {
      person.set(name, null);
    }

    @Operation
    public String all() {
      return new TreeMap<>(person.attributes()).toString();
    }
  }

  /** What they are to be like, for one thread. */
  public static final class MapOfAttributes {
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

  private static final LoopContext SHARD =
      EngineInside.loopContexts(new TestServer().earshot).getFirst();

  /** Somebody whose slot is the same as everybody's, however long the directory is. */
  private static Participant person(int number) {
    return new ClientConnection(
        SHARD, new Nowhere(), Lines.ONE, (long) number << 52, 0, Transport.TCP, "room");
  }

  private static final class Nowhere implements Outbound {
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
