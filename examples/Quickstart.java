// The program in docs/clients.md: examples/run Quickstart ws://localhost:8080
import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.client.Room;
import io.earshot.protocol.Cursor;

void main(String[] args) {
  URI server = URI.create(args.length > 0 ? args[0] : "ws://localhost:8080"); // or tcp://localhost:5000
  try (var client = EarshotClient.connect(server)) {
    Room room = client.join("attic"); // returns when the client is in the room
    room.onEvent(
        event -> {
          switch (event) {
            case Event.Message message -> IO.println(message.from() + ": " + message.text());
            case Event.Signal signal -> IO.println(signal.from() + " " + signal.kind());
            case Event.Joined joined -> IO.println(joined.id() + " is here");
            case Event.Left left -> IO.println(left.id() + " has left");
            case Event.Resumed(boolean recovered) ->
                IO.println(recovered ? "back; what was missed follows" : "back; something may be missing");
            case Event.Gap(long from, long to) -> IO.println("missed " + from + " to " + to);
            case Event.Expelled(String reason) -> IO.println("out: " + reason);
          }
        });

    Cursor place = room.say(Map.of("order", "tea", "cups", 2)); // sent to all others
    room.sayAsync("only for you", "id", client.id()).toCompletableFuture().join();
    IO.println("told at " + place.offset() + ", " + room.present().size() + " here");

    Room news = client.listen("news"); // receives its messages without joining
    news.onMessage(message -> IO.println("news: " + message.text()));
    IO.println("a number: " + client.action("randomNumber", Map.of()).get("randomNumber").asText());
  }
}
