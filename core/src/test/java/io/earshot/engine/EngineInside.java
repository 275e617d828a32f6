package io.earshot.engine;

import io.earshot.Config;
import io.earshot.cluster.Cluster;
import io.earshot.connection.Directory;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.history.HistoryFolder;
import io.earshot.hook.HookRunner;
import io.earshot.room.Rooms;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of an {@link Engine} that tests of other packages look at. */
public final class EngineInside {
  private EngineInside() {}

  public static Config config(Engine engine) {
    return engine.config();
  }

  public static Rooms rooms(Engine engine) {
    return engine.rooms();
  }

  public static Directory connections(Engine engine) {
    return engine.connections();
  }

  public static HookRunner hooks(Engine engine) {
    return engine.hooks();
  }

  public static EngineContext context(Engine engine) {
    return engine.engine();
  }

  public static List<LoopContext> loopContexts(Engine engine) {
    return engine.contexts();
  }

  /** The number of refusals of each kind, by the kind's key. */
  public static Map<String, Long> refused(Engine engine) {
    return engine.refused();
  }

  public static @Nullable Cluster cluster(Engine engine) {
    return engine.cluster();
  }

  /** Recovers history from files, as after a start with the given disk. */
  public static void recover(Engine engine, HistoryFolder.Disk disk) throws IOException {
    engine.recover(disk);
  }
}
