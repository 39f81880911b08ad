package io.llmrpc;

import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import io.llmrpc.v1.Delta;
import io.llmrpc.v1.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The parts of a response as its deltas build them. Kinds that are newer than this client are
 * counted and passed over.
 */
final class BuiltParts {
  private static final Parser<Part> KNOWN_FIELDS = DiscardUnknownFieldsParser.wrap(Part.parser());

  private final List<PartBuilder> parts = new ArrayList<>();

  /** Adds one delta. Returns what is wrong with it, or null. */
  String add(Delta delta) {
    int index = delta.getPartIndex();
    int count = parts.size();
    boolean neverFirst = delta.hasSignature() || delta.hasAnnotation();
    if (index < 0 || index > count || (neverFirst && index == count)) {
      return "part " + index + " arrived when " + count + " parts were known";
    }
    if (index == count) {
      parts.add(new PartBuilder(delta));
      return null;
    }
    return parts.get(index).add(delta);
  }

  /** The parts so far; one of an unknown kind is empty. */
  List<Part> build() {
    return parts.stream().map(PartBuilder::build).collect(Collectors.toUnmodifiableList());
  }

  /** The text of all text parts. */
  String text() {
    return build().stream().map(Part::getText).collect(Collectors.joining());
  }

  /**
   * Returns what is missing or different in the completed message, or null. Unknown parts and
   * fields, on either side, prove nothing and are passed over.
   */
  String fault(List<Part> completed) {
    int count = parts.size();
    if (completed.size() < count
        || completed.subList(count, completed.size()).stream().anyMatch(BuiltParts::isKnown)) {
      return String.format(
          "the deltas made %d parts, and the completed message has %d", count, completed.size());
    }
    for (int index = 0; index < count; index++) {
      Part built = parts.get(index).build();
      Part sent = completed.get(index);
      if (parts.get(index).isKnown()
          && isKnown(sent)
          && !built.equals(sent)
          && !withoutUnknown(built).equals(withoutUnknown(sent))) {
        return "the deltas do not add up to part " + index + " of the completed message";
      }
    }
    return null;
  }

  private static boolean isKnown(Part part) {
    return part.getKindCase() != Part.KindCase.KIND_NOT_SET;
  }

  /** A copy without the fields that this client does not know, at any depth. */
  private static Part withoutUnknown(Part part) {
    try {
      return KNOWN_FIELDS.parseFrom(part.toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("a part cannot be read again", e);
    }
  }
}
