import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.earshot.*;
import java.nio.file.*;
import java.util.*;

/** Appends the messages of the rooms orders.* to a file, a line of JSON for each. */
public final class MessageFile implements PlugIn {
  @Override
  public void start(Api api) throws Exception {
    Path file = Path.of(System.getProperty("messages", "messages.jsonl"));
    if (Files.exists(file)) {
      Files.writeString(file, "\n", APPEND); // ends a line that a kill left torn
    }
    var consumer =
        new Feed.Consumer(
            "message-file", Set.of(FeedEvent.Type.MESSAGE), List.of("orders.*"), 100);
    api.feed()
        .add(
            consumer,
            events -> {
              var lines = new ArrayList<String>();
              for (FeedEvent event : events) {
                lines.add(event.id() + " " + new String(event.data().encode(), UTF_8));
              }
              synchronized (file) { // called for several parts of the rooms at once
                Files.write(file, lines, CREATE, APPEND); // if this fails, the events come again
              }
            });
  }
}
