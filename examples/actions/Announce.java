import io.earshot.*;
import java.util.List;

/** Sends a message to the default room, with the server as the sender. */
public final class Announce implements Action {
  @Override
  public List<String> required() {
    return List.of("message");
  }

  @Override
  public void run(Call call) {
    call.api().chatRoom().socketRoomBroadcast(null, call.params().get("message"));
    call.put("sent", true);
  }
}
