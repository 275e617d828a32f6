import io.earshot.*;
import java.util.List;

/** Answers after a delay. An action may block; other requests do not wait for it. */
public final class SleepTest implements Action {
  @Override
  public List<String> optional() {
    return List.of("sleepDuration");
  }

  @Override
  public void run(Call call) throws Exception {
    String asked = call.text("sleepDuration");
    if (asked != null && !asked.matches("\\d{1,4}|10000")) {
      throw new RefusedException("sleepDuration must be milliseconds, from 0 to 10000");
    }
    long duration = asked == null ? 1000 : Long.parseLong(asked);
    long started = System.currentTimeMillis();
    Thread.sleep(duration);
    long ended = System.currentTimeMillis();
    call.put("sleepStarted", started);
    call.put("sleepEnded", ended);
    call.put("sleepDelta", ended - started);
    call.put("sleepDuration", duration);
  }
}
