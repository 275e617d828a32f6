import io.earshot.*;
import io.earshot.protocol.Json;
import java.util.List;

/** Sends a message to any room under any id, without joining the room. */
public final class SayAs implements Action {
  @Override
  public List<String> required() {
    return List.of("message");
  }

  @Override
  public List<String> optional() {
    return List.of("room", "mid");
  }

  @Override
  public void run(Call call) throws RefusedException {
    Json id = call.params().getOrDefault("mid", Json.of(0)); // a number or a text, as it was sent
    var sender = new StandIn(call.text("room"), id, null);
    try {
      call.api().chatRoom().socketRoomBroadcast(sender, call.params().get("message"));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(e.getMessage());
    }
    call.put("sent", true);
  }
}
