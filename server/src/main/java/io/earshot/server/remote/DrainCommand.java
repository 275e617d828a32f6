package io.earshot.server.remote;

import io.earshot.protocol.Json;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Empties a running server, which then stops.
 *
 * <p>Owned by the thread of the command.
 */
@Command(
    name = "drain",
    description = {
      "empty a running server and stop it",
      "It is not ready from now on, accepts no more clients after a delay, and ends the connections",
      "at an even rate."
    })
public final class DrainCommand extends RemoteCommand {
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

  /** A command that is not run yet. */
  public DrainCommand(Map<String, String> environment, PrintWriter out) {
    super(environment, out);
  }

  @Override
  public Integer call() throws SettingsException, StartException, InterruptedException {
    Map<String, Object> body = new LinkedHashMap<>();
    if (delay != null) {
      body.put("delaySeconds", delay);
    }
    if (time != null) {
      body.put("seconds", time);
    }
    try (AdminClient admin = admin()) {
      Json.Obj answer = admin.post("/admin/drain", Json.from(body));
      out.println(
          "draining "
              + url()
              + ": accepts clients for "
              + AdminClient.text(answer, "delaySeconds")
              + " s, then ends "
              + AdminClient.text(answer, "clients")
              + " connections within "
              + AdminClient.text(answer, "seconds")
              + " s");
      out.flush();
      if (!isAsync) {
        await(admin);
      }
    }
    return 0;
  }

  /** Asks the server until it answers no more, which its own bounds make sure of. */
  private void await(AdminClient admin) throws StartException, InterruptedException {
    String before = "";
    try {
      while (true) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        String left = left(admin, before);
        if (!left.equals(before)) {
          out.println(left + " clients are left");
          out.flush();
        }
        before = left;
      }
    } catch (StartException e) {
      if (!(e.getCause() instanceof IOException)) {
        throw e;
      }
      out.println("the server has stopped");
      out.flush();
    }
  }

  /** How many clients are left; as many as before if the server does not say so now. */
  private static String left(AdminClient admin, String before)
      throws StartException, InterruptedException {
    try {
      return AdminClient.text(admin.get("/admin/drain"), "clients");
    } catch (AdminRefusal e) {
      if (!e.mayPass()) {
        throw e;
      }
      return before;
    }
  }
}
