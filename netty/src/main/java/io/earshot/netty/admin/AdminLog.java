package io.earshot.netty.admin;

import io.earshot.netty.http.ProblemException;
import io.earshot.protocol.Json;
import io.earshot.spi.ProgramInfo;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The levels of the log, which an operator changes for a while.
 *
 * <p>Thread-safe: guarded by its lock.
 */
final class AdminLog {
  private static final Duration USUAL = Duration.ofMinutes(10);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final Set<String> LEVELS =
      Set.of("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_$.-]{1,200}");

  /** More changes at once are refused: Logback keeps each name for ever. */
  private static final int MOST = 100;

  private final ProgramInfo program;

  /** What the loggers had before they were changed, and how often they were; by name. */
  private final Map<String, Changed> changed = new HashMap<>();

  private record Changed(@Nullable String before, int number) {}

  AdminLog(ProgramInfo program) {
    this.program = program;
  }

  AdminReply find() {
    return AdminReply.ok(AdminPage.object("levels", program.logLevels()));
  }

  /** Changes a level; after a while the logger gets its former level again. */
  synchronized AdminReply change(AdminCall call) throws ProblemException {
    call.only("level", "seconds");
    String logger = call.name();
    String level = call.text("level");
    if (!NAME.matcher(logger).matches()) {
      throw ProblemException.badRequest(
          "the name of a logger is that of a package or class, such as io.earshot.cluster, or ROOT");
    }
    if (level == null || !LEVELS.contains(level)) {
      throw ProblemException.badRequest("level is TRACE, DEBUG, INFO, WARN, ERROR or OFF");
    }
    Duration time = call.body().containsKey("seconds") ? call.time() : USUAL;
    if (time.isZero() || time.compareTo(LONGEST) > 0) {
      throw ProblemException.badRequest("seconds is from 1 to " + LONGEST.toSeconds());
    }
    Changed former = changed.get(logger);
    if (former == null && changed.size() >= MOST) {
      throw new ProblemException(
          HttpResponseStatus.CONFLICT, "too many levels are changed already");
    }
    String before = former == null ? program.logLevels().get(logger) : former.before;
    if (!program.setLogLevel(logger, level)) {
      throw new ProblemException(
          HttpResponseStatus.CONFLICT, "the program that runs this server has its own log");
    }
    var now = new Changed(before, former == null ? 1 : former.number + 1);
    changed.put(logger, now);
    CompletableFuture.delayedExecutor(time.toSeconds(), TimeUnit.SECONDS)
        .execute(() -> restore(logger, now));
    Json answer = AdminPage.object("logger", logger, "level", level, "seconds", time.toSeconds());
    return AdminReply.ok(answer);
  }

  private synchronized void restore(String logger, Changed change) {
    if (changed.remove(logger, change)) {
      program.setLogLevel(logger, change.before);
    }
  }
}
