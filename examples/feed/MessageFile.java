import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import io.earshot.*;
import java.nio.file.*;
import java.util.*;

/** Appends the messages of the rooms orders.* to a file, a line of JSON for each. */
public final class MessageFile implements PlugIn {
  @Override
  public void start(Api api) {
    Path file = Path.of(System.getProperty("messages", "messages.jsonl"));
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
              Files.write(file, lines, CREATE, APPEND); // if this fails, the events come again
            });
  }
}
