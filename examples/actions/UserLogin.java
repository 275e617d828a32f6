import io.earshot.*;
import java.util.List;

/** Says who you are. A real one would look the password up before it believes it. */
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
    call.connection().set("auth", "true"); // rooms can now be told things for those with auth only
    call.put("userID", call.text("userID"));
    call.put("auth", true);
  }
}
