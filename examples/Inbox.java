// Prints what the application tells a user, and first what it told while this program did not run:
//   sh docs/login.sh shows a token; then examples/run Inbox ws://localhost:8080 TOKEN position.txt
import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.protocol.Cursor;

void main(String[] args) throws Exception {
  Path file = Path.of(args[2]);
  Cursor last = Files.exists(file) ? Cursor.parse(Files.readString(file)) : null;
  var inbox = new LinkedBlockingQueue<Event>();
  try (var client =
      EarshotClient.builder(URI.create(args[0])).login(args[1]).inbox(last, inbox::add).connect()) {
    IO.println("logged in as " + client.user().id());
    if (last == null) {
      write(file, client.inboxStart()); // nothing is processed yet
    }
    while (true) {
      switch (inbox.take()) {
        case Event.Message message -> {
          IO.println(message.text());
          write(file, message.place()); // only now: it is processed
        }
        case Event.Resumed(boolean recovered) -> IO.println(recovered ? "nothing is missing" : "some may be missing");
        case Event event -> IO.println(event);
      }
    }
  }
}

/** Replaces the file in one step: a program that is killed here leaves the old position or the new. */
void write(Path file, Cursor position) throws IOException {
  Path next = Path.of(file + ".new");
  Files.writeString(next, position.toString());
  Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
}
