import io.earshot.*;

/** Keeps lobbies civil, and strangers out of the rooms of the staff. */
public final class Moderator implements PlugIn {
  @Override
  public void start(Api api) {
    api.hooks()
        .onSay(
            "lobby.*",
            say -> {
              String text = say.message().asText();
              if (text == null) {
                throw new RefusedException("only texts here");
              }
              return text.replaceAll("(?i)darn", "****"); // what others hear
            });
    api.hooks()
        .onJoin(
            "staff.*",
            join -> {
              // Asking a database is fine here: this thread is virtual.
              if (!join.connection().attributes().containsKey("auth")) {
                throw new RefusedException("log in first");
              }
            });
    api.hooks().onJoined("lobby.*", one -> greet(api, one.connection(), one.room()));
  }

  private static void greet(Api api, Connection who, String room) {
    var host = StandIn.in(room).withId("host").to("id", who.id());
    api.chatRoom().socketRoomBroadcast(host, "Welcome. Be nice to each other.");
  }
}
