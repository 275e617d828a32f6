package io.earshot.server.remote;

import io.earshot.protocol.Json;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Asks a running server why a client did or did not receive a message.
 *
 * <p>Owned by the thread of the command.
 */
@Command(
    name = "explain",
    description = "ask a running server why a user did or did not receive a message",
    footer = {
      "",
      "Example: why did user u7 not get message 12 of the room attic?",
      "  EARSHOT_KEY=SECRET ./earshot explain --url http://127.0.0.1:8080 attic 12 u7",
      "Without the offset, it looks at the last messages of the room.",
      "",
      "Exit status: 0 explained, 1 the server did not answer, 2 wrong usage, 3 the server does not know."
    })
public final class ExplainCommand extends RemoteCommand {
  private static final int UNKNOWN = 3;
  private static final Set<String> NOT_KNOWN =
      Set.of("unknown", "never_heard_of", "no_such_message");

  @Option(
      names = "--connection",
      description = "the last argument is the id of a connection, not of a user")
  private boolean isConnection;

  @Option(names = "--epoch", paramLabel = "EPOCH", description = "the epoch of the offset")
  private @Nullable String epoch;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "only what happened after this time, such as 2026-01-31T03:12:00Z")
  private @Nullable String since;

  @Parameters(
      arity = "1..*",
      paramLabel = "ROOM [OFFSET] USER",
      description = "the room, the offset of the message, and the user's id")
  private List<String> subject = List.of();

  /** A command that is not run yet. */
  public ExplainCommand(Map<String, String> environment, PrintWriter out) {
    super(environment, out);
  }

  @Override
  public Integer call() throws SettingsException, StartException, InterruptedException {
    if (subject.size() < 2 || subject.size() > 3) {
      throw new SettingsException("write it as: ./earshot explain ROOM [OFFSET] USER");
    }
    var params = new LinkedHashMap<String, @Nullable String>();
    params.put("room", subject.getFirst());
    params.put("offset", subject.size() == 3 ? subject.get(1) : null);
    params.put(isConnection ? "connection" : "user", subject.getLast());
    params.put("epoch", epoch);
    params.put("since", since);
    try (AdminClient admin = admin()) {
      Json.Obj answer = admin.get("/admin/explain?" + AdminClient.query(params));
      print(answer);
      return NOT_KNOWN.contains(AdminClient.text(answer, "outcome")) ? UNKNOWN : 0;
    }
  }

  private void print(Json.Obj answer) {
    out.println(EventTable.printable(AdminClient.text(answer, "text")));
    if (answer.get("events") instanceof Json.Array(List<Json> events) && !events.isEmpty()) {
      out.println();
      out.println(EventTable.HEAD);
      for (Json event : events) {
        if (event instanceof Json.Obj fields) {
          out.println(EventTable.row(fields));
        }
      }
    }
    out.flush();
  }
}
