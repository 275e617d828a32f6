package io.earshot.engine;

import io.earshot.Config;
import io.earshot.cluster.Cluster;
import io.earshot.connection.Directory;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.disk.Disk;
import io.earshot.feed.EventFeed;
import io.earshot.history.HistoryFolder;
import io.earshot.hook.HookRunner;
import io.earshot.room.Rooms;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Access to the parts of an {@link Engine} for tests of other packages. */
public final class EngineInside {
  private EngineInside() {}

  public static Config config(Engine engine) {
    return engine.parts.config;
  }

  public static Rooms rooms(Engine engine) {
    return engine.parts.rooms;
  }

  public static EventFeed feed(Engine engine) {
    return engine.parts.feed;
  }

  public static Directory connections(Engine engine) {
    return engine.parts.connections;
  }

  public static HookRunner hooks(Engine engine) {
    return engine.parts.hooks;
  }

  public static EngineContext context(Engine engine) {
    return engine.parts.context;
  }

  public static List<LoopContext> loopContexts(Engine engine) {
    return engine.parts.loopContexts;
  }

  /** The number of refusals of each kind, by the kind's key. */
  public static Map<String, Long> refused(Engine engine) {
    return engine.parts.refusals.counts();
  }

  public static @Nullable Cluster cluster(Engine engine) {
    return engine.parts.cluster();
  }

  /** Recovers history from a folder, with a given disk. */
  public static void recover(Engine engine, Disk disk) throws IOException {
    engine.parts.recover(disk);
  }

  /** Whether the history of all rooms is written to files. */
  public static boolean isStoring(Engine engine) {
    HistoryFolder folder = engine.parts.historyFolder();
    return folder != null && folder.isStoring();
  }
}
