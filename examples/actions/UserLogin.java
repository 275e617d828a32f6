import io.earshot.*;
import java.util.List;

/** Logs a user in. A real action would check the password. */
public final class UserLogin implements Action {
  @Override
  public List<String> required() {
    return List.of("userID");
  }

  @Override
  public List<String> optional() {
    return List.of("password");
  }

  @Override
  public void run(Call call) {
    call.connection().set("auth", "true"); // messages can now be sent to connections with auth only
    call.put("userID", call.text("userID"));
    call.put("auth", true);
  }
}
