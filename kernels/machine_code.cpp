// asmjit gives registers to slots and assembles; this file alone includes it.
#include "kernels/machine_code.hpp"

#include <asmjit/x86.h>

#include <array>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace costate::kernels {

namespace {

namespace x86 = asmjit::x86;
namespace X = asmjit::x86::Inst;

/// An instruction in its three-operand form, and in the two-operand form of every x86-64; for f32 and f64.
template <class T>
struct Names {
    static constexpr bool wide = std::is_same_v<T, double>;
    using I = X::Id;
    using Forms = std::array<I, 2>;
    static constexpr Forms pick(I f64, I two_f64, I f32, I two_f32) { return wide ? Forms{f64, two_f64} : Forms{f32, two_f32}; }
    // clang-format off
    static constexpr Forms add = pick(X::kIdVaddsd, X::kIdAddsd, X::kIdVaddss, X::kIdAddss);
    static constexpr Forms sub = pick(X::kIdVsubsd, X::kIdSubsd, X::kIdVsubss, X::kIdSubss);
    static constexpr Forms mul = pick(X::kIdVmulsd, X::kIdMulsd, X::kIdVmulss, X::kIdMulss);
    static constexpr Forms div = pick(X::kIdVdivsd, X::kIdDivsd, X::kIdVdivss, X::kIdDivss);
    static constexpr Forms max = pick(X::kIdVmaxsd, X::kIdMaxsd, X::kIdVmaxss, X::kIdMaxss);
    static constexpr Forms sqrt = pick(X::kIdVsqrtsd, X::kIdSqrtsd, X::kIdVsqrtss, X::kIdSqrtss);
    static constexpr Forms compare = pick(X::kIdVcmpsd, X::kIdCmpsd, X::kIdVcmpss, X::kIdCmpss);
    static constexpr Forms move = pick(X::kIdVmovsd, X::kIdMovsd, X::kIdVmovss, X::kIdMovss);
    static constexpr Forms both{X::kIdVandps, X::kIdAndps}, differ{X::kIdVxorps, X::kIdXorps};
    static constexpr Forms copy{X::kIdVmovaps, X::kIdMovaps}, mask{X::kIdVmovmskps, X::kIdMovmskps};
    // clang-format on
};

template <class T>
class Assembler {
public:
    Assembler(asmjit::CodeHolder& code, const LineView<T>& line, std::size_t slots, const simd::Table<T>& table)
        : cc_(&code), line_(line), table_(table), form_(table.isa == Isa::baseline ? 1 : 0), slots_(slots) {}

    asmjit::Error assemble() {
        asmjit::FuncNode* function = cc_.addFunc(asmjit::FuncSignatureT<int, const void*, void*>());
        arrays_ = cc_.newIntPtr();
        kept_ = cc_.newIntPtr();
        function->setArg(0, arrays_);
        function->setArg(1, kept_);
        fail_ = cc_.newLabel();
        for (const LineStep* i = line_.steps; i->op != LineOp::end; i += calls_of(i->op)) step(*i);
        const x86::Gp result = cc_.newInt32();
        cc_.mov(result, 1);
        cc_.ret(result);
        cc_.bind(fail_);
        const x86::Gp failed = cc_.newInt32();
        cc_.xor_(failed, failed);
        cc_.ret(failed);
        cc_.endFunc();
        return cc_.finalize();
    }

private:
    using N = Names<T>;
    using Forms = typename N::Forms;

    x86::Xmm fresh() { return N::wide ? cc_.newXmmSd() : cc_.newXmmSs(); }
    x86::Mem constant(T value) { return cc_.newConst(asmjit::ConstPoolScope::kLocal, &value, sizeof(T)); }
    x86::Mem at(const x86::Gp& base, std::size_t i) {
        return x86::Mem(base, static_cast<std::int32_t>(i * sizeof(T)), static_cast<std::uint32_t>(sizeof(T)));
    }
    x86::Mem element(std::size_t array, std::size_t i) {
        const auto [known, first] = bases_.try_emplace(array);
        if (first) {
            known->second = cc_.newIntPtr();
            cc_.mov(known->second, x86::ptr(arrays_, static_cast<std::int32_t>(array * sizeof(void*))));
        }
        return at(known->second, i);
    }
    [[nodiscard]] bool is_constant(std::size_t slot) const { return slot < line_.constant_count; }
    /// A slot to write to.
    x86::Xmm& place(std::size_t slot) {
        if (!slots_[slot].isValid()) slots_[slot] = fresh();
        return slots_[slot];
    }
    x86::Xmm loaded(T value) {
        const x86::Xmm r = fresh();
        cc_.emit(N::move[form_], r, constant(value));
        return r;
    }
    x86::Xmm value(std::size_t slot) { return is_constant(slot) ? loaded(line_.constants[slot]) : place(slot); }
    asmjit::Operand value_or_memory(std::size_t slot) {
        if (is_constant(slot)) return constant(line_.constants[slot]);
        return place(slot);
    }
    /// d = a ∘ b
    void emit(const Forms& name, const x86::Xmm& d, const x86::Xmm& a, const asmjit::Operand& b) {
        if (form_ == 0) {
            cc_.emit(name[0], d, a, b);
            return;
        }
        const x86::Xmm r = fresh();
        cc_.emit(N::copy[1], r, a);
        cc_.emit(name[1], r, b);
        cc_.emit(N::copy[1], d, r);
    }
    /// All ones where a ∘ b.
    x86::Xmm compare(const x86::Xmm& a, const x86::Xmm& b, int predicate) {
        const x86::Xmm r = fresh();
        if (form_ == 0) {
            cc_.emit(N::compare[0], r, a, b, asmjit::Imm(predicate));
        } else {
            cc_.emit(N::copy[1], r, a);
            cc_.emit(N::compare[1], r, b, asmjit::Imm(predicate));
        }
        return r;
    }

    void step(const LineStep& i) {
        switch (i.op) {
            case LineOp::add:
                return emit(N::add, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::sub:
                return emit(N::sub, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::mul:
                return emit(N::mul, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::div:
                return emit(N::div, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::negate:
                return emit(N::differ, place(i.d), value(i.a), loaded(T(-0.0)));
            case LineOp::relu:
                return emit(N::max, place(i.d), loaded(T(0)), value(i.a));  // the second where neither is larger
            case LineOp::relu_slope:
                return emit(N::both, place(i.d), compare(loaded(T(0)), value(i.a), 1), loaded(T(1)));
            case LineOp::sqrt:
                return root(i);
            case LineOp::guard:
                return guard(i);
            case LineOp::load_row:
            case LineOp::load_shared:
                return move(place(i.d), element(i.a, i.b));
            case LineOp::load_kept:
                return move(place(i.d), at(kept_, i.a));
            case LineOp::store_row:
                return move(element(i.d, i.b), value(i.a));
            case LineOp::store_kept:
                return move(at(kept_, i.d), value(i.a));
            case LineOp::accumulate:
                return accumulate(i);
            default:
                return function(&i);
        }
    }
    void move(const asmjit::Operand& to, const asmjit::Operand& from) { cc_.emit(N::move[form_], to, from); }
    void root(const LineStep& i) {
        const x86::Xmm a = value(i.a);
        if (form_ == 0) cc_.emit(N::sqrt[0], place(i.d), a, a);
        else cc_.emit(N::sqrt[1], place(i.d), a);
    }
    void accumulate(const LineStep& i) {
        const x86::Xmm sum = fresh();
        const x86::Mem target = element(i.d, i.b);
        move(sum, target);
        emit(N::add, sum, sum, value_or_memory(i.a));
        move(target, sum);
    }
    /// Comparison::equal, less and less_equal are the processor's predicates 0, 1 and 2.
    void guard(const LineStep& i) {
        const x86::Gp bits = cc_.newInt32();
        cc_.emit(N::mask[form_], bits, compare(value(i.a), value(i.b), i.d / 2));
        cc_.test(bits, 1);
        if (i.d % 2 != 0) cc_.jz(fail_);
        else cc_.jnz(fail_);
    }
    x86::Mem part(std::size_t array, std::size_t k) {
        x86::Mem m = memory_[array];
        m.addOffset(static_cast<std::int64_t>(k * sizeof(T)));
        return m;
    }
    /// Calls through the kernels of whole arrays, by way of the stack.
    void function(const LineStep* steps) {
        const std::size_t count = calls_of(steps->op);
        const LineOp op = first_of(steps->op), family = family_of(op);
        if (!memory_[0].hasBase())
            for (x86::Mem& m : memory_) {
                m = cc_.newStack(most_calls * sizeof(T), sizeof(T));
                m.setSize(sizeof(T));
            }
        for (std::size_t k = 0; k < count; ++k) move(part(0, k), value(steps[k].a));
        std::array<x86::Gp, 3> addresses;
        for (std::size_t k = 0; k < 3; ++k) {
            addresses[k] = cc_.newIntPtr();
            cc_.lea(addresses[k], memory_[k]);
        }
        asmjit::InvokeNode* call = nullptr;
        if (family == LineOp::value)
            cc_.invoke(&call, reinterpret_cast<std::uint64_t>(table_.apply),
                       asmjit::FuncSignatureT<void, std::uint32_t, std::uint64_t, void*, void*>());
        else
            cc_.invoke(&call, reinterpret_cast<std::uint64_t>(table_.apply_with_slope),
                       asmjit::FuncSignatureT<void, std::uint32_t, std::uint64_t, void*, void*, void*>());
        call->setArg(0, asmjit::Imm(static_cast<std::uint32_t>(function_of(op))));
        call->setArg(1, asmjit::Imm(count));
        for (std::size_t k = 0; k < (family == LineOp::value ? 2u : 3u); ++k) call->setArg(2 + k, addresses[k]);
        for (std::size_t k = 0; k < count; ++k) {
            if (family != LineOp::slope) move(place(steps[k].d), part(1, k));
            if (family != LineOp::value) move(place(family == LineOp::slope ? steps[k].d : steps[k].b), part(2, k));
        }
    }

    x86::Compiler cc_;
    const LineView<T>& line_;
    const simd::Table<T>& table_;
    std::size_t form_;  // 0: three operands, 1: two
    std::vector<x86::Xmm> slots_;
    std::unordered_map<std::size_t, x86::Gp> bases_;
    std::array<x86::Mem, 3> memory_;  // a function's argument, value and slope
    x86::Gp arrays_, kept_;
    asmjit::Label fail_;
};

}  // namespace

template <simd::Vectorised T>
std::optional<MachineCode> make_machine_code(const LineView<T>& line, std::size_t slots, const simd::Table<T>& table) {
    asmjit::JitAllocator::CreateParams options;
    options.options = asmjit::JitAllocatorOptions::kUseDualMapping;
    auto runtime = std::make_shared<asmjit::JitRuntime>(&options);
    asmjit::CodeHolder code;
    MachineCode::Entry entry = nullptr;
    if (code.init(runtime->environment()) != asmjit::kErrorOk) return std::nullopt;
    if (Assembler<T>(code, line, slots, table).assemble() != asmjit::kErrorOk) return std::nullopt;
    if (runtime->add(&entry, &code) != asmjit::kErrorOk) return std::nullopt;
    return MachineCode(std::move(runtime), entry);
}

template std::optional<MachineCode> make_machine_code(const LineView<float>&, std::size_t, const simd::Table<float>&);
template std::optional<MachineCode> make_machine_code(const LineView<double>&, std::size_t, const simd::Table<double>&);

}  // namespace costate::kernels
