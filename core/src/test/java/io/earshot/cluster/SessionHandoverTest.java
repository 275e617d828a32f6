package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A client resumes its session on another server of the cluster. */
final class SessionHandoverTest {
  private final TestCluster cluster =
      new TestCluster(
          Config.defaults()
              .with("general.resumeWindow", Duration.ofSeconds(30))
              .with("commonWeb.cookieSecret", "the same for all of them"),
          2);

  @Test
  void a_late_request_to_resume_does_not_take_the_session_to_another_server() {
    Guest guest = cluster.guest(0, "10.0.0.1");
    String first = TestServer.session(guest.lines.getFirst());
    Guest back = cluster.guest(1, "10.0.0.1");
    String second = resume(back, first);
    back.send("say I have the answer");
    cluster.settle();
    Guest late = cluster.guest(0, "10.0.0.1");
    assertThat(cluster.ask(late, "resume " + first)).contains("no such session");
    assertThat(back.finished).isFalse();
    assertThat(resume(cluster.guest(0, "10.0.0.1"), second)).isNotEqualTo(second);
  }

  @Test
  void a_client_whose_answer_was_lost_resumes_on_a_third_connection_by_the_token_that_it_has() {
    String first = TestServer.session(cluster.guest(0, "10.0.0.1").lines.getFirst());
    resume(cluster.guest(1, "10.0.0.1"), first);
    resume(cluster.guest(0, "10.0.0.1"), first);
  }

  private String resume(Guest guest, String token) {
    String answer = cluster.ask(guest, "resume " + token);
    assertThat(answer).contains("\"status\":\"OK\"");
    return TestServer.session(answer);
  }
}
