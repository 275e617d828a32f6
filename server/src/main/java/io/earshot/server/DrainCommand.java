package io.earshot.server;

import io.earshot.protocol.Json;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Empties a running server, which then stops.
 *
 * <p>Owned by the thread that parses the command line.
 */
@Command(
    name = "drain",
    description = {
      "empty a running server and stop it: it is not ready from now on, accepts no more clients",
      "after a delay, and ends the connections at an even rate"
    })
final class DrainCommand implements Callable<Integer> {
  @Mixin private final AdminClient admin = new AdminClient();

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--delay",
      paramLabel = "SECONDS",
      description = "how long clients are still accepted; default: general.drainDelay")
  private @Nullable Integer delay;

  @Option(
      names = "--time",
      paramLabel = "SECONDS",
      description = "the time over which connections end; default: general.drainTime")
  private @Nullable Integer time;

  @Option(names = "--no-wait", description = "do not wait until the server has stopped")
  private boolean isAsync;

  @Override
  public Integer call() throws AdminException {
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Object> body = new LinkedHashMap<>();
    if (delay != null) {
      body.put("delaySeconds", delay);
    }
    if (time != null) {
      body.put("seconds", time);
    }
    Json answer = admin.request("POST", "drain", Json.from(body));
    out.println(
        "draining "
            + admin.url()
            + ": accepts clients for "
            + number(answer, "delaySeconds")
            + " s, then ends "
            + number(answer, "clients")
            + " connections within "
            + number(answer, "seconds")
            + " s");
    out.flush();
    if (!isAsync) {
      await(out);
    }
    return 0;
  }

  /** Asks the server until it answers no more, which its own bounds make sure of. */
  private void await(PrintWriter out) throws AdminException {
    String before = "";
    try {
      while (true) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        String left = number(admin.request("GET", "drain", null), "clients");
        if (!left.equals(before)) {
          out.println(left + " clients are left");
          out.flush();
        }
        before = left;
      }
    } catch (AdminException e) {
      if (!e.isUnreachable()) {
        throw e;
      }
      out.println("the server has stopped");
      out.flush();
    }
  }

  private static String number(Json answer, String field) {
    return answer instanceof Json.Obj fields && fields.get(field) instanceof Json.Num(String number)
        ? number
        : "?";
  }
}
