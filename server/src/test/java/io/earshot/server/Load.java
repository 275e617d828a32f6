package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A room that is spoken in while something fails: on each server two who say numbered texts, a few
 * at a time, and one who listens; and what is to be said of it afterwards.
 *
 * <p>Owned by the test's thread; what others change is under the lock of the tapes.
 */
final class Load implements AutoCloseable {
  private static final long TICK = 20;
  private static final int WINDOW = 6;

  /** What became of a text. */
  private static final class Said {
    final String text;
    final Tape speaker;
    final long at = System.nanoTime();
    boolean answered;
    boolean ok;
    @Nullable Cursor place;
    @Nullable String refusal;

    Said(String text, Tape speaker) {
      this.text = text;
      this.speaker = speaker;
    }
  }

  /**
   * Who says numbered texts: a few at a time, whatever becomes of them; or, if stubborn, one at a
   * time under a message id, again and again until it is answered OK.
   */
  private final class Speaker {
    final Tape tape;
    final boolean isStubborn;
    int number;
    int open;
    @Nullable Said refused;

    Speaker(Tape tape, boolean isStubborn) {
      this.tape = tape;
      this.isStubborn = isStubborn;
    }

    void tick() {
      if (refused != null && open == 0) {
        say(refused);
      }
      for (int i = 0; speaking.get() && i < 2 && open < (isStubborn ? 1 : WINDOW); i++) {
        say();
      }
    }

    void say() {
      var said = new Said(tape.name() + "-" + ++number, tape);
      texts.put(said.text, said);
      say(said);
    }

    private void say(Said said) {
      refused = null;
      open++;
      Map<String, String> words =
          isStubborn
              ? Map.of("event", "say", "message", said.text, "messageId", said.text)
              : Map.of("event", "say", "message", said.text);
      var _ =
          tape.send(words).whenComplete((answer, _) -> Tape.locked(() -> answered(said, answer)));
    }

    boolean isDone() {
      return open == 0 && refused == null;
    }

    private void answered(Said said, Json.@Nullable Obj answer) {
      open--;
      if (answer == null) {
        return;
      }
      said.answered = true;
      said.ok = answer.get("error") == null;
      said.place = Tape.place(answer);
      said.refusal = said.ok ? null : Tape.text(answer, "error");
      if (isStubborn && !said.ok) {
        again++;
        refused = said;
      }
    }
  }

  private final String room;
  private final ScheduledExecutorService clock =
      Executors.newScheduledThreadPool(1, Thread.ofPlatform().daemon().name("load").factory());
  private final List<Peer> peers;
  private final Set<Peer> gone = new HashSet<>();
  private final List<Speaker> speakers = new ArrayList<>();
  private final List<Tape> listeners = new ArrayList<>();
  private final Map<Tape, Long> late = new HashMap<>();
  private final Map<String, Said> texts = new ConcurrentHashMap<>();
  private final AtomicBoolean speaking = new AtomicBoolean(true);

  // Under the lock of the tapes.
  private long healedSince = Long.MAX_VALUE;
  private long healedAt;
  private int again;
  private final Set<String> deaf = new LinkedHashSet<>();

  /**
   * Lets them in, and begins.
   *
   * @param isStubborn whether one of the two on each server says again what was refused; not where
   *     Redis forgets what was said
   */
  Load(String room, List<Peer> peers, boolean isStubborn) throws InterruptedException {
    this.room = room;
    this.peers = List.copyOf(peers);
    for (Peer peer : peers) {
      ready(peer);
    }
    for (Peer peer : peers) {
      String prefix = "s" + peer.id();
      speakers.add(new Speaker(tape(prefix + "1", peer, false), false));
      speakers.add(new Speaker(tape(prefix + "2", peer, peer == peers.getFirst()), isStubborn));
      listeners.add(tape("l" + peer.id(), peer, false));
    }
    var _ = clock.scheduleAtFixedRate(this::tick, 0, TICK, TimeUnit.MILLISECONDS);
    long enough = 10;
    Tape.await(
        "the first texts", () -> listeners.stream().allMatch(each -> each.heard().size() > enough));
  }

  /** Waits until the test before is over for a server as well. */
  private static void ready(Peer peer) {
    long end = System.nanoTime() + Tape.PATIENCE.toNanos();
    try (var probe = new Tape("probe", peer, "ready")) {
      while (probe.say("ready?").get("error") != null) {
        if (System.nanoTime() > end) {
          throw new AssertionError(peer + " is not ready: " + peer.log());
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  private Tape tape(String name, Peer peer, boolean isWebSocket) {
    return new Tape(name, peer, room, isWebSocket, this::heard);
  }

  /** Somebody more who listens, and is judged as well. */
  Tape listener(String name, Peer peer) {
    Tape tape = tape(name, peer, false);
    late.put(tape, System.nanoTime());
    listeners.add(tape);
    return tape;
  }

  private void tick() {
    Tape.locked(() -> speakers.stream().filter(each -> !each.tape.ended()).forEach(Speaker::tick));
  }

  /** Has something done at a time from now. */
  ScheduledFuture<?> after(Duration delay, Fault fault) {
    return clock.schedule(
        () -> {
          fault.run();
          return true;
        },
        delay.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** Something that is done to a server, or to what it needs. */
  interface Fault {
    void run() throws Exception;
  }

  /** Goes on speaking for so long, and then does something. */
  void hold(Duration time, Fault then) throws InterruptedException {
    try {
      after(time, then).get(time.toMillis() + 30_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** This server is there no more; those who are on it are not asked about. */
  void gone(Peer peer) {
    gone.add(peer);
  }

  List<Tape> listeners() {
    return listeners;
  }

  Tape listener(Peer peer) {
    return listeners.stream().filter(each -> each.peer() == peer).findFirst().orElseThrow();
  }

  /** Those who speak there. */
  List<Tape> speakers(Peer peer) {
    return speakers.stream().map(each -> each.tape).filter(each -> each.peer() == peer).toList();
  }

  /** All on a server. */
  List<Tape> at(Peer peer) {
    var all = new ArrayList<>(speakers(peer));
    listeners.stream().filter(each -> each.peer() == peer).forEach(all::add);
    return all;
  }

  // --- healing -----------------------------------------------------------------------------------

  /**
   * Waits until what is said from now on at each server is heard at each other one.
   *
   * @return after how many seconds
   */
  double heal() throws InterruptedException {
    long now = System.nanoTime();
    Tape.locked(
        () -> {
          deaf.clear();
          for (Peer from : peers) {
            for (Peer to : peers) {
              if (from != to && !gone.contains(from) && !gone.contains(to)) {
                deaf.add(from + ">" + to);
              }
            }
          }
          healedAt = now;
          healedSince = now;
        });
    if (!Tape.comes(Tape.PATIENCE, deaf::isEmpty)) {
      throw new AssertionError(room + " does not heal: " + deaf + " are deaf");
    }
    return (healedAt - now) / 1e9;
  }

  private void heard(Tape hearer, Tape.Heard message) {
    Said said = texts.get(message.text());
    if (said != null && said.at >= healedSince && !deaf.isEmpty()) {
      deaf.remove(said.speaker.peer() + ">" + hearer.peer());
      healedAt = message.at();
    }
  }

  // --- judging -----------------------------------------------------------------------------------

  /**
   * What is to be said of a fault.
   *
   * @param again how often something was said again, since it was refused
   * @param lost how often somebody did not hear what was answered OK
   * @param doubled how often somebody heard something twice
   * @param reordered how often somebody heard something out of order
   * @param gaps how many listeners were told that something is missing
   */
  record Verdict(
      int said,
      int ok,
      int refused,
      int unanswered,
      int again,
      int lost,
      int doubled,
      int reordered,
      int gaps,
      double healed,
      List<String> details) {

    /** Nothing is doubled, out of order, or was never said. */
    Verdict isInOrder() {
      assertThat(List.of(doubled, reordered)).as("doubled, reordered: %s", details).containsOnly(0);
      assertThat(details).noneMatch(each -> each.startsWith("strange"));
      return this;
    }

    /** All that was answered OK is heard as well. */
    Verdict isWhole() {
      assertThat(lost).as("lost: %s", details).isZero();
      return isInOrder();
    }

    /** And whoever asked was answered. */
    Verdict isAnswered() {
      assertThat(unanswered).as("unanswered: %s", details).isZero();
      return this;
    }

    /** And it took no longer than that. */
    Verdict isHealedWithin(double seconds) {
      assertThat(healed).as("healed in").isLessThanOrEqualTo(seconds);
      return this;
    }
  }

  /** Waits until all is healed, everybody is answered, and has heard everything; and judges. */
  Verdict judge(String fault) throws InterruptedException {
    return judge(fault, heal());
  }

  /** The same, once it is healed. */
  Verdict judge(String fault, double healed) throws InterruptedException {
    speaking.set(false);
    List<Speaker> here = speakers.stream().filter(each -> isHere(each.tape)).toList();
    var _ = Tape.comes(Duration.ofSeconds(15), () -> here.stream().allMatch(Speaker::isDone));
    // Whatever was told before these was heard before them.
    Tape.locked(() -> here.forEach(Speaker::say));
    var _ = Tape.comes(Duration.ofSeconds(5), () -> here.stream().allMatch(Speaker::isDone));
    var _ = Tape.comes(Duration.ofSeconds(5), () -> lost().isEmpty());
    var verdict = new Verdict[1];
    Tape.locked(() -> verdict[0] = verdict(healed));
    Faults.add(fault, verdict[0]);
    return verdict[0];
  }

  private boolean isHere(Tape tape) {
    return !gone.contains(tape.peer()) && !tape.ended();
  }

  private List<Tape> judged() {
    var all = new ArrayList<>(listeners);
    speakers.forEach(each -> all.add(each.tape));
    all.removeIf(each -> !isHere(each));
    return all;
  }

  private Verdict verdict(double healed) {
    var details = new ArrayList<String>();
    List<String> lost = lost();
    lost.forEach(each -> details.add("lost " + each));
    int doubled = 0;
    int reordered = 0;
    int gaps = 0;
    for (Tape tape : judged()) {
      var seen = new HashSet<String>();
      var numbers = new HashMap<String, Integer>();
      var ends = new HashMap<String, Long>();
      String epoch = "";
      gaps += tape.gaps().isEmpty() ? 0 : 1;
      for (Tape.Heard heard : tape.heard()) {
        String text = heard.text();
        if (!texts.containsKey(text)) {
          details.add("strange " + tape + " " + heard);
        }
        if (!seen.add(text)) {
          doubled++;
          details.add("doubled " + tape + " " + heard);
          continue;
        }
        int dash = text.lastIndexOf('-');
        int number = dash < 0 ? 0 : Integer.parseInt(text.substring(dash + 1));
        Integer before = numbers.put(text.substring(0, Math.max(0, dash)), number);
        Long end = ends.put(heard.place().epoch(), heard.place().offset());
        boolean isBack = !epoch.equals(heard.place().epoch()) && end != null;
        if ((before != null && number <= before)
            || (end != null && heard.place().offset() <= end)
            || isBack) {
          reordered++;
          details.add("reordered " + tape + " " + heard + " after " + before + ", " + end);
        }
        epoch = heard.place().epoch();
        Said said = texts.get(text);
        Cursor place = said == null ? null : said.place;
        if (place != null
            && place.epoch().equals(heard.place().epoch())
            && place.offset() != heard.place().offset()) {
          details.add("strange place " + place + " of " + tape + " " + heard);
        }
      }
    }
    int ok = 0;
    int refused = 0;
    var refusals = new TreeMap<String, Integer>();
    int unanswered = 0;
    for (Said said : texts.values()) {
      if (said.ok) {
        ok++;
      } else if (said.answered) {
        refused++;
        refusals.merge(String.valueOf(said.refusal), 1, Integer::sum);
      } else {
        unanswered++;
      }
    }
    refusals.forEach((text, count) -> details.add("refused " + count + " times: " + text));
    return new Verdict(
        texts.size(),
        ok,
        refused,
        unanswered,
        again,
        lost.size(),
        doubled,
        reordered,
        gaps,
        healed,
        details);
  }

  /** What was answered OK, and not heard by somebody who was not told of a gap there. */
  private List<String> lost() {
    var lost = new ArrayList<String>();
    for (Tape tape : judged()) {
      var heard = new LinkedHashMap<String, Tape.Heard>();
      tape.heard().forEach(each -> heard.put(each.text(), each));
      for (Said said : texts.values()) {
        if (said.ok
            && said.speaker != tape
            && said.at > late.getOrDefault(tape, Long.MIN_VALUE)
            && !heard.containsKey(said.text)
            && !isTold(tape, said.place)) {
          lost.add(said.text + " at " + said.place + " by " + tape);
        }
      }
    }
    return lost;
  }

  private static boolean isTold(Tape tape, @Nullable Cursor place) {
    return place != null
        && tape.gaps().stream()
            .anyMatch(
                gap ->
                    gap.epoch().equals(place.epoch())
                        && gap.from() <= place.offset()
                        && place.offset() <= gap.to());
  }

  /** How many texts were said until now. */
  int said() {
    return texts.size();
  }

  @Override
  public void close() {
    speaking.set(false);
    clock.shutdownNow();
    speakers.forEach(each -> each.tape.close());
    listeners.forEach(Tape::close);
  }
}
