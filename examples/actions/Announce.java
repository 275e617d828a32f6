import io.earshot.*;
import java.util.List;

/** Tells everybody in the default room something, in the name of the server. */
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
