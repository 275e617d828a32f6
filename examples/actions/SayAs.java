import io.earshot.*;
import io.earshot.protocol.Json;
import java.util.List;

/** Speaks in any room under any id, without being there. */
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
    Json id = call.params().getOrDefault("mid", Json.of(0)); // a number stays one, a text too
    var speaker = new StandIn(call.text("room"), id, null);
    try {
      call.api().chatRoom().socketRoomBroadcast(speaker, call.params().get("message"));
    } catch (IllegalArgumentException e) {
      throw new RefusedException(e.getMessage());
    }
    call.put("sent", true);
  }
}
