package io.earshot.server.remote;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Prints the events of a room, a user or a connection of a running server, as they happen.
 *
 * <p>Owned by the thread of the command.
 */
@Command(
    name = "trace",
    description = "print the events of a room, a user or a connection of a running server, live",
    footer = {
      "",
      "Example: what happens in the room attic in the next 30 seconds?",
      "  EARSHOT_KEY=SECRET ./earshot trace --room attic --seconds 30",
      "",
      "A trace shows the events of one server of a cluster, and ends by itself."
    })
public final class TraceCommand extends RemoteCommand {
  @ArgGroup(multiplicity = "1")
  private Subject subject = new Subject();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "60",
      description = "how long, from 1 to 600; default: 60")
  private int seconds;

  /** What the trace is about: one of the three. */
  static final class Subject {
    @Option(names = "--room", paramLabel = "ROOM", required = true, description = "a room")
    private @Nullable String room;

    @Option(names = "--user", paramLabel = "ID", required = true, description = "a user")
    private @Nullable String user;

    @Option(
        names = "--connection",
        paramLabel = "ID",
        required = true,
        description = "a connection")
    private @Nullable String connection;

    Map<String, String> field() {
      return room != null
          ? Map.of("room", room)
          : user != null ? Map.of("user", user) : Map.of("connection", String.valueOf(connection));
    }
  }

  /** A command that is not run yet. */
  public TraceCommand(Map<String, String> environment, PrintWriter out) {
    super(environment, out);
  }

  @Override
  public Integer call() throws SettingsException, StartException, InterruptedException {
    var body = new TreeMap<String, Object>(subject.field());
    body.put("seconds", seconds);
    try (AdminClient admin = admin()) {
      Json.Obj begun = admin.post("/admin/traces", Json.from(body));
      out.println(EventTable.HEAD);
      out.flush();
      try (Stream<String> lines = admin.lines("/admin/traces/" + AdminClient.text(begun, "id"))) {
        lines.forEach(this::print);
      }
      return 0;
    }
  }

  private void print(String line) {
    try {
      if (Json.parse(line) instanceof Json.Obj event) {
        out.println(EventTable.row(event));
        out.flush();
      }
    } catch (MalformedJsonException e) {
      out.println(EventTable.printable(line));
    }
  }
}
