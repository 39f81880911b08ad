package io.llmrpc;

import io.llmrpc.v1.Annotation;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.Part;
import io.llmrpc.v1.Signature;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A part under construction; its texts are joined once, at the end. */
final class PartBuilder {
  /** Kinds of which one delta is the whole part. */
  private static final Set<Delta.KindCase> COMPLETE =
      Set.of(
          Delta.KindCase.REDACTED_REASONING, Delta.KindCase.PROVIDER_BLOCK, Delta.KindCase.IMAGE);

  private final Delta first;
  private final StringBuilder text = new StringBuilder();
  private final List<Annotation> annotations = new ArrayList<>();
  private Signature signature;

  PartBuilder(Delta first) {
    this.first = first;
    append(first);
  }

  boolean isKnown() {
    return first.getKindCase() != Delta.KindCase.KIND_NOT_SET;
  }

  /** Adds a later delta of the part. Returns what is wrong with it, or null. */
  String add(Delta delta) {
    Delta.KindCase kind = delta.getKindCase();
    Delta.KindCase own = first.getKindCase();
    if (!isKnown() || kind == Delta.KindCase.KIND_NOT_SET) {
      return null; // newer than this client
    }
    if (kind == Delta.KindCase.SIGNATURE) {
      signature = delta.getSignature();
    } else if (kind == Delta.KindCase.ANNOTATION) {
      annotations.add(delta.getAnnotation());
    } else if (kind != own) {
      return String.format(
          "part %d changed from %s to %s", first.getPartIndex(), name(own), name(kind));
    } else if (COMPLETE.contains(kind)) {
      return String.format("a second %s arrived for part %d", name(kind), first.getPartIndex());
    } else {
      append(delta);
    }
    return null;
  }

  /** The part so far; empty if its kind is unknown. */
  Part build() {
    Part.Builder part = Part.newBuilder().addAllAnnotations(annotations);
    if (signature != null) {
      part.setSignature(signature);
    }
    String whole = text.toString();
    switch (first.getKindCase()) {
      case TEXT:
        return part.setText(whole).build();
      case REASONING:
        return part.setReasoning(whole).build();
      case REFUSAL:
        return part.setRefusal(whole).build();
      case TOOL_CALL:
        return part.setToolCall(first.getToolCall().toBuilder().setArguments(whole)).build();
      case REDACTED_REASONING:
        return part.setRedactedReasoning(first.getRedactedReasoning()).build();
      case PROVIDER_BLOCK:
        return part.setProviderBlock(first.getProviderBlock()).build();
      case IMAGE:
        return part.setImage(first.getImage()).build();
      default:
        return part.build();
    }
  }

  /** Only one of these fields is set. */
  private void append(Delta delta) {
    text.append(delta.getText())
        .append(delta.getReasoning())
        .append(delta.getRefusal())
        .append(delta.getToolCall().getArguments());
  }

  /** The name of the field in the contract. */
  private static String name(Delta.KindCase kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
