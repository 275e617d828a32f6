package io.earshot.spring;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Ends a start that failed with the sentence of the exception, and without a stack trace. */
final class StartFailures extends AbstractFailureAnalyzer<EarshotStartException> {
  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, EarshotStartException cause) {
    return new FailureAnalysis(String.valueOf(cause.getMessage()), null, cause);
  }
}
