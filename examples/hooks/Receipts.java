import io.earshot.*;

/** Tells the sender of a message its number, in rooms whose names begin with receipts. */
public final class Receipts implements PlugIn {
  @Override
  public void start(Api api) {
    api.hooks()
        .afterSay(
            "receipts.*",
            said -> {
              var post = StandIn.in(said.room()).withId("post").to("id", said.connection().id());
              api.chatRoom().socketRoomBroadcast(post, "number " + said.place().offset());
            });
  }
}
